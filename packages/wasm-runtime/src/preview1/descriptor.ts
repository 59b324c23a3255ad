import type { Connection } from '../system/connection.ts';
import type { Input } from '../system/input.ts';
import type { Listener } from '../system/listener.ts';
import type { ListedName } from '../system/listing.ts';
import type { OpenDirectory } from '../system/open-directory.ts';
import type { OpenFile } from '../system/open-file.ts';
import { errno, refuse } from './errno.ts';
import { filetype } from './flags.ts';
import type { OutputSink } from './preview1.ts';
import { right, rightsFrom } from './rights.ts';

/** What a number in the guest's descriptor table stands for. */
export type Descriptor =
  | InputDescriptor
  | OutputDescriptor
  | FileDescriptor
  | DirectoryDescriptor
  | ListenerDescriptor
  | ConnectionDescriptor;

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

export interface ListenerDescriptor extends Common {
  readonly kind: 'listener';
  readonly listener: Listener;
}

export interface ConnectionDescriptor extends Common {
  readonly kind: 'connection';
  readonly connection: Connection;
  /** The connection's. */
  readonly input: Input;
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
    case 'listener':
    case 'connection':
      return filetype.socket;
    default:
      return descriptor satisfies never;
  }
}

export function requireRight(descriptor: Descriptor, needed: number): void {
  if ((descriptor.base & needed) !== needed) refuse(errno.notcapable);
}

export function requireConnection(descriptor: Descriptor, needed: number): ConnectionDescriptor {
  if (descriptor.kind === 'listener') refuse(errno.notconn);
  if (descriptor.kind !== 'connection') refuse(errno.notsock);
  requireRight(descriptor, needed);
  return descriptor;
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

/** Closes what belongs to the guest; stdio belongs to its host. A promise tells that sent bytes are still on their way. */
export function release(descriptor: Descriptor): Promise<void> | undefined {
  switch (descriptor.kind) {
    case 'file':
      descriptor.file.close();
      return undefined;
    case 'directory':
      descriptor.listing = undefined;
      descriptor.directory.close();
      return undefined;
    case 'listener':
      descriptor.listener.close();
      return undefined;
    case 'connection':
      return descriptor.connection.close();
    case 'input':
    case 'output':
      return undefined;
    default:
      return descriptor satisfies never;
  }
}
