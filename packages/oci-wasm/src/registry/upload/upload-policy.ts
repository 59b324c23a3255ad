import { createSendMemory, type SendMemory } from './send-buffers.ts';

/** How blobs are sent: in one piece or in chunks. */
export interface UploadPolicy {
  /** Blobs up to this size are sent in one request. @default 16 MiB */
  readonly monolithicBytes: number;
  /** What one request carries of larger blobs, unless the registry asks for more. @default 16 MiB */
  readonly chunkBytes: number;
}

/** How the uploads of one client are done. */
export interface Uploads extends UploadPolicy {
  /** Origins of registries that have refused a chunk: they get blobs in one piece. */
  readonly chunkless: Set<string>;
  /** What all of them are sent from. */
  readonly memory: SendMemory;
}

const defaultUploadPolicy: UploadPolicy = {
  monolithicBytes: 16 * 1024 * 1024,
  chunkBytes: 16 * 1024 * 1024,
};

export function createUploads(policy: Partial<UploadPolicy> = {}): Uploads {
  return { ...defaultUploadPolicy, ...policy, chunkless: new Set(), memory: createSendMemory() };
}
