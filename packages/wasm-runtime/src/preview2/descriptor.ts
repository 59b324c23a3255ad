import type { GuestView, ResourceType } from '../component/host-interface.ts';
import type { OpenDirectory } from '../system/open-directory.ts';
import type { OpenFile } from '../system/open-file.ts';
import { refuse } from './error-code.ts';
import type { OpenFiles } from './open-files.ts';

/** What stands behind a `descriptor` of `wasi:filesystem`. */
export type Descriptor = FileDescriptor | DirectoryDescriptor;

/** `descriptor-flags`. */
export const descriptorFlag = {
  read: 1,
  write: 2,
  fileIntegritySync: 4,
  dataIntegritySync: 8,
  requestedWriteSync: 16,
  mutateDirectory: 32,
} as const;

/** A file stays open for the streams of it when its descriptor is dropped. */
export class FileDescriptor {
  readonly kind = 'file';
  readonly file: OpenFile;
  readonly flags: number;
  readonly #close: () => void;
  #users = 1;

  constructor(file: OpenFile, flags: number, openFiles: OpenFiles) {
    this.file = file;
    this.flags = flags;
    this.#close = openFiles.hold(() => file.close());
  }

  /** One more user; returns what ends its use, once. */
  share(): () => void {
    this.#users += 1;
    let shared = true;
    return () => {
      if (shared) this.release();
      shared = false;
    };
  }

  release(): void {
    this.#users -= 1;
    if (this.#users === 0) this.#close();
  }
}

export class DirectoryDescriptor {
  readonly kind = 'directory';
  readonly directory: OpenDirectory;
  readonly flags: number;
  readonly release: () => void;

  constructor(directory: OpenDirectory, flags: number, openFiles: OpenFiles) {
    this.directory = directory;
    this.flags = flags;
    this.release = openFiles.hold(() => directory.close());
  }
}

export const descriptorType: ResourceType<Descriptor> = {
  name: 'descriptor',
  drop: (descriptor) => descriptor.release(),
};

export function fileOf(guest: GuestView, handle: number): FileDescriptor {
  const descriptor = guest.handles.get(descriptorType, handle);
  return descriptor.kind === 'file' ? descriptor : refuse('bad-descriptor');
}

export function directoryOf(guest: GuestView, handle: number): OpenDirectory {
  const descriptor = guest.handles.get(descriptorType, handle);
  return descriptor.kind === 'directory' ? descriptor.directory : refuse('not-directory');
}

/** PATH_MAX. */
const maxPathBytes = 4_096;

/** A path, or the target of a link. */
export function readPath(guest: GuestView, pointer: number, length: number): string {
  const path = guest.readString(pointer, length);
  if (path.length > maxPathBytes || Buffer.byteLength(path) > maxPathBytes) refuse('name-too-long');
  if (path.includes('\0')) refuse('invalid');
  return path;
}

/** `path-flags`: whether a link at the end is followed. */
export function follows(pathFlags: number): boolean {
  return (pathFlags & 1) !== 0;
}
