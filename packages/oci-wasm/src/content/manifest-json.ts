import { isRecord } from './read-descriptor.ts';
import { parseStrictJson } from './strict-json.ts';

/**
 * The object of a manifest or index, when all clients read the same from it: see {@link parseStrictJson}, and those
 * written in Go take `Layers` for `layers`.
 *
 * Throws `SyntaxError`, whose message goes on from "its manifest".
 */
export function parseManifestJson(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const value = parseStrictJson(bytes);
  if (!isRecord(value)) throw new SyntaxError('is no JSON object');
  const { manifests, layers, config, subject } = value;
  for (const part of [value, config, subject, ...asList(manifests), ...asList(layers)]) {
    const field = isRecord(part) ? Object.keys(part).find(isMisspelt) : undefined;
    if (field !== undefined) throw new SyntaxError(`has a field ${JSON.stringify(field)}`);
  }
  // What is both would be one thing to one reader and another to the next.
  if (Array.isArray(manifests) && (layers ?? config) !== undefined)
    throw new SyntaxError('is an index and an image at once');
  return value;
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

const fields: readonly string[] = [
  'schemaVersion',
  'mediaType',
  'artifactType',
  'config',
  'layers',
  'manifests',
  'subject',
  'annotations',
  'digest',
  'size',
  'data',
  'platform',
];
const folded = new Set(fields.map(fold));

/** Whether a reader that is not particular takes it for a field that it is not. */
function isMisspelt(name: string): boolean {
  return !fields.includes(name) && name.length <= 16 && folded.has(fold(name));
}

/** As Go's encoding/json compares names: two letters beyond ASCII count as well. */
function fold(name: string): string {
  return name.toLowerCase().replaceAll('ſ', 's').replaceAll('\u212a', 'k');
}
