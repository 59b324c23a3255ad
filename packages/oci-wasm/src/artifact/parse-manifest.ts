import type { Descriptor } from '../content/descriptor.ts';
import { parseManifestJson } from '../content/manifest-json.ts';
import { descriptorProblem, readDescriptor, readStrings } from '../content/read-descriptor.ts';
import { OciError } from '../errors.ts';

/** A manifest or index, read from foreign JSON. */
export type ParsedManifest =
  | { readonly kind: 'index'; readonly manifests: readonly Descriptor[] }
  | {
      readonly kind: 'manifest';
      readonly config: Descriptor;
      readonly layers: readonly Descriptor[];
      readonly artifactType: string | undefined;
      readonly annotations: Readonly<Record<string, string>>;
    };

/** More entries than any index or image has. */
const maxEntries = 1_000;

/**
 * Reads a manifest by its shape, since neither its body nor its Content-Type need to tell its media type.
 *
 * Throws {@link OciError} `UNSUPPORTED_ARTIFACT` when it is something else.
 */
export function parseManifest(bytes: Uint8Array, name: string): ParsedManifest {
  const unsupported = (problem: string, cause?: unknown): OciError =>
    new OciError('UNSUPPORTED_ARTIFACT', `${name}: ${problem}`, { reference: name, cause });
  let value: Readonly<Record<string, unknown>>;
  try {
    value = parseManifestJson(bytes);
  } catch (cause) {
    throw unsupported(`its manifest ${(cause as Error).message}`, cause);
  }
  if (value['schemaVersion'] !== 2) {
    throw unsupported(
      `its manifest has schemaVersion ${JSON.stringify(value['schemaVersion'])}; 2 is supported`,
    );
  }
  const { manifests, layers, artifactType } = value;
  if (Array.isArray(manifests)) return { kind: 'index', manifests: descriptors(manifests, unsupported) };
  const config = readDescriptor(value['config']);
  if (config === undefined || !Array.isArray(layers)) {
    throw unsupported('its manifest has neither config and layers nor manifests');
  }
  return {
    kind: 'manifest',
    config,
    layers: descriptors(layers, unsupported),
    artifactType: typeof artifactType === 'string' ? artifactType : undefined,
    annotations: readStrings(value['annotations']) ?? {},
  };
}

function descriptors(
  list: readonly unknown[],
  unsupported: (problem: string) => OciError,
): readonly Descriptor[] {
  if (list.length > maxEntries)
    throw unsupported(`its manifest has ${list.length} entries; at most ${maxEntries} are read`);
  return list.map((entry) => {
    const descriptor = readDescriptor(entry);
    if (descriptor === undefined) throw unsupported(`its manifest ${descriptorProblem(entry)}`);
    return descriptor;
  });
}
