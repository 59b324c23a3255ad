import type { Input } from '../system/input.ts';
import type { ListedName } from '../system/listing.ts';
import type { OpenDirectory } from '../system/open-directory.ts';
import type { OpenFile } from '../system/open-file.ts';
import { errno, refuse } from './errno.ts';
import { filetype } from './flags.ts';
import type { OutputSink } from './preview1.ts';
import { right, rightsFrom } from './rights.ts';

/** What a number in the guest's descriptor table stands for. */
export type Descriptor = InputDescriptor | OutputDescriptor | FileDescriptor | DirectoryDescriptor;

interface Common {
  /** Rights on it, and those that what is opened through it may have. Both can only shrink. */
  base: number;
  inheriting: number;
  /** `fdflags`. */
  flags: number;
  /** The rights to read and write, as the hot calls ask for them. */
  canRead: boolean;
  canWrite: boolean;
}

export interface InputDescriptor extends Common {
  readonly kind: 'input';
  readonly input: Input;
  readonly tty: boolean;
}

export interface OutputDescriptor extends Common {
  readonly kind: 'output';
  readonly sink: OutputSink;
  readonly tty: boolean;
}

export interface FileDescriptor extends Common {
  readonly kind: 'file';
  readonly file: OpenFile;
}

export interface DirectoryDescriptor extends Common {
  readonly kind: 'directory';
  readonly directory: OpenDirectory;
  /** Its name for the guest, when it is a preopen. */
  readonly preopen?: Uint8Array;
  /** What `fd_readdir` is in the midst of telling. */
  listing?: readonly ListedName[] | undefined;
}

export function filetypeOf(descriptor: Descriptor): number {
  switch (descriptor.kind) {
    case 'file':
      return filetype.file;
    case 'directory':
      return filetype.directory;
    case 'input':
    case 'output':
      return descriptor.tty ? filetype['character-device'] : filetype.unknown;
    default:
      return descriptor satisfies never;
  }
}

export function requireRight(descriptor: Descriptor, needed: number): void {
  if ((descriptor.base & needed) !== needed) refuse(errno.notcapable);
}

export function requireDirectory(descriptor: Descriptor, needed: number): DirectoryDescriptor {
  if (descriptor.kind !== 'directory') refuse(errno.notdir);
  requireRight(descriptor, needed);
  return descriptor;
}

/** Takes rights away. */
export function setRights(descriptor: Descriptor, base: bigint, inheriting: bigint): void {
  if ((base & ~BigInt(descriptor.base)) !== 0n || (inheriting & ~BigInt(descriptor.inheriting)) !== 0n) {
    refuse(errno.notcapable);
  }
  descriptor.base = rightsFrom(base);
  descriptor.inheriting = rightsFrom(inheriting);
  descriptor.canRead &&= (descriptor.base & right.fdRead) !== 0;
  descriptor.canWrite &&= (descriptor.base & right.fdWrite) !== 0;
}

/** Closes what belongs to the guest; stdio belongs to its host. */
export function release(descriptor: Descriptor): void {
  if (descriptor.kind === 'file') descriptor.file.close();
  if (descriptor.kind === 'directory') {
    descriptor.listing = undefined;
    descriptor.directory.close();
  }
}
