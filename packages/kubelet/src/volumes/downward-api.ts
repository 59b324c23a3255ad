import type { V1DownwardAPIVolumeFile } from '@kubernetes/client-node';
import { ConfigError } from '../containers/config-error.ts';
import { volumeFieldValue } from '../containers/field-ref.ts';
import { requireContainer, resourceFieldValue } from '../containers/resource-field.ts';
import type { NodeFacts } from '../node/node-facts.ts';
import type { Pod } from '../pods/pod.ts';
import type { Payload, PayloadFile } from './payload.ts';
import { VolumeError } from './volume-error.ts';

/** Files that tell a pod of itself. Throws {@link VolumeError} `INVALID` for a field that there is not. */
export function downwardApiFiles(
  volume: string,
  items: readonly V1DownwardAPIVolumeFile[],
  sources: { readonly pod: Pod; readonly node: NodeFacts },
  mode: number,
): Payload {
  const files = new Map<string, PayloadFile>();
  // All labels or annotations may be asked for in very many files; they are held once.
  const fields = new Map<string | undefined, Uint8Array>();
  for (const item of items) {
    const fieldPath = item.fieldRef?.fieldPath;
    const data = fields.get(fieldPath) ?? Buffer.from(valueOf(volume, item, sources));
    if (fieldPath !== undefined) fields.set(fieldPath, data);
    files.set(item.path, { data, mode: item.mode ?? mode });
  }
  return files;
}

function valueOf(
  volume: string,
  { path, fieldRef, resourceFieldRef }: V1DownwardAPIVolumeFile,
  { pod, node }: { readonly pod: Pod; readonly node: NodeFacts },
): string {
  try {
    if (fieldRef) return volumeFieldValue(fieldRef.fieldPath, pod);
    if (resourceFieldRef) {
      const container = requireContainer(pod, resourceFieldRef.containerName);
      return resourceFieldValue(resourceFieldRef, { pod, container, allocatable: node.allocatable });
    }
  } catch (error) {
    if (error instanceof ConfigError)
      throw new VolumeError('INVALID', volume, error.message, { cause: error });
    throw error;
  }
  throw new VolumeError(
    'INVALID',
    volume,
    `${JSON.stringify(path)} has neither fieldRef nor resourceFieldRef`,
  );
}
