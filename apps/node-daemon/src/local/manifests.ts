import { readFile } from 'node:fs/promises';
import { isAlias, parseAllDocuments, visit } from 'yaml';
import { CommandError } from '../errors.ts';

/** A Kubernetes object as a manifest wrote it, with what `play` and standalone mode need of it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: PlayedKind;
  readonly metadata: Readonly<Record<string, unknown>> & {
    readonly name: string;
    readonly namespace: string;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

const playedKinds = ['Pod', 'Deployment', 'Job', 'ConfigMap', 'Secret'] as const;
export type PlayedKind = (typeof playedKinds)[number];

const maxManifestBytes = 4 * 1024 * 1024;

/**
 * Reads the objects of a YAML or JSON file, in order.
 *
 * @throws {@link CommandError} `MANIFEST` naming the file, the document and what is wrong with it.
 */
export async function readManifests(path: string): Promise<readonly Manifest[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new CommandError('MANIFEST', `The manifest ${path} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
  return parseManifests(path, text);
}

export function parseManifests(path: string, text: string): readonly Manifest[] {
  if (Buffer.byteLength(text) > maxManifestBytes) {
    throw new CommandError('MANIFEST', `The manifest ${path} is larger than 4 MiB.`);
  }
  const manifests: Manifest[] = [];
  const documents = parseAllDocuments(text);
  for (const [index, document] of documents.entries()) {
    const place = documents.length > 1 ? `${path}, document ${index + 1}` : path;
    if (document.errors[0]) throw new CommandError('MANIFEST', `${place}: ${document.errors[0].message}`);
    let aliases = 0;
    visit(document, (_key, node) => {
      if (isAlias(node)) aliases += 1;
    });
    if (aliases > 100) throw new CommandError('MANIFEST', `${place}: more than 100 aliases`);
    const value: unknown = document.toJS();
    if (value !== null && value !== undefined) manifests.push(...narrow(place, value));
  }
  return manifests;
}

function narrow(place: string, value: unknown): readonly Manifest[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CommandError('MANIFEST', `${place}: is no Kubernetes object`);
  }
  const { apiVersion, kind, metadata, items } = value as Record<string, unknown>;
  if (kind === 'List' && Array.isArray(items)) return items.flatMap((item) => narrow(place, item));
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') {
    throw new CommandError('MANIFEST', `${place}: lacks apiVersion or kind`);
  }
  if (!(playedKinds as readonly string[]).includes(kind)) {
    throw new CommandError(
      'MANIFEST',
      `${place}: kind ${kind} cannot be run without a cluster; there are ${playedKinds.join(', ')}.`,
    );
  }
  const { name, namespace = 'default' } = (metadata ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string' || name === '' || typeof namespace !== 'string') {
    throw new CommandError('MANIFEST', `${place}: ${kind} lacks metadata.name`);
  }
  return [
    {
      ...value,
      apiVersion,
      kind: kind as PlayedKind,
      metadata: { ...(metadata as object), name, namespace },
    },
  ];
}
