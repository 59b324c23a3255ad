import { OciError } from '../errors.ts';
import { type ChunkReader, createChunkReader } from './chunk-reader.ts';
import type { LayerBudget } from './layer-budget.ts';
import { type PaxRecords, readPaxRecords } from './pax-records.ts';
import { blockBytes, readTarHeader } from './tar-header.ts';

export type TarEntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'device' | 'sparse' | 'other';

export interface TarEntry {
  /** Below the root, its names divided by single slashes; empty for the root itself. */
  readonly path: string;
  readonly type: TarEntryType;
  /** Of links, as it is written. */
  readonly linkPath: string;
  readonly size: number;
  /** The first so many bytes of its content; to be called before the next entry is asked for, or not at all. */
  read(maxBytes: number): Promise<Uint8Array>;
}

/** As long as a path of Linux may be. */
const maxPathBytes = 4096;
/** Of pax and long-name headers. */
const maxExtensionBytes = 1024 * 1024;

/**
 * The entries of a tar archive, one after the other, in the memory of one block; contents that nobody reads are
 * passed over. The archive is read to its end, and so is what is behind that.
 *
 * Throws {@link OciError} `INVALID_LAYER` for what is no archive, leads out of its root, or has names beyond the
 * bounds; what the budget throws.
 */
export async function* tarEntries(
  archive: AsyncGenerator<Uint8Array, void, undefined>,
  budget: LayerBudget,
): AsyncGenerator<TarEntry, void, undefined> {
  const reader = createChunkReader(archive);
  let records: PaxRecords | undefined;
  let longName: string | undefined;
  let longLink: string | undefined;
  try {
    for (;;) {
      const block = await reader.take(blockBytes);
      // Two blocks of zeros end an archive; one does, for all readers that there are.
      if (block === undefined || block.every((byte) => byte === 0)) break;
      budget.entry();
      const header = readTarHeader(block);
      const extension = extensionOf(header.flag);
      if (extension !== undefined) {
        const content = await readExtension(reader, header.size);
        await reader.pass(padding(header.size), 0);
        if (extension === 'pax') records = readPaxRecords(content);
        else if (extension === 'global') refuseGlobal(readPaxRecords(content));
        else if (extension === 'long-name') longName = untilZero(content);
        else longLink = untilZero(content);
        continue;
      }
      if (header.flag === 'S') await passSparseMap(reader, block);
      const name = records?.path ?? longName ?? header.name;
      const linkPath = records?.linkpath ?? longLink ?? header.linkName;
      const type = records?.sparse === true ? 'sparse' : typeOf(header.flag, name);
      const size = bodiless.includes(type) ? 0 : (records?.size ?? header.size);
      records = longName = longLink = undefined;
      let unread = size;
      yield {
        path: entryPath(name),
        type,
        linkPath: bounded(linkPath),
        size,
        async read(maxBytes) {
          unread = 0;
          return reader.pass(size, maxBytes);
        },
      };
      await reader.pass(unread + padding(size), 0);
    }
    await reader.drain();
  } finally {
    await archive.return();
  }
}

function readExtension(reader: ChunkReader, size: number): Promise<Uint8Array> {
  if (size > maxExtensionBytes) {
    throw new OciError(
      'INVALID_LAYER',
      `a file system layer has a header of ${size} bytes; at most ${maxExtensionBytes} are read`,
    );
  }
  return reader.pass(size, size);
}

/** GNU's old sparse files have more blocks of their map behind the header, each telling whether another follows. */
async function passSparseMap(reader: ChunkReader, header: Uint8Array): Promise<void> {
  let more = header[482];
  while (more === 1) more = (await reader.pass(blockBytes, blockBytes))[504];
}

type Extension = 'pax' | 'global' | 'long-name' | 'long-link';

function extensionOf(flag: string): Extension | undefined {
  const extensions: Readonly<Record<string, Extension>> = {
    x: 'pax',
    g: 'global',
    L: 'long-name',
    K: 'long-link',
  };
  return extensions[flag];
}

/** Types whose size means nothing: no content follows. */
const bodiless: readonly TarEntryType[] = ['directory', 'symlink', 'hardlink', 'device'];

function typeOf(flag: string, name: string): TarEntryType {
  switch (flag) {
    case '0':
    case '\0':
    case '7':
      // Archives older than POSIX have no other sign of a directory.
      return name.endsWith('/') ? 'directory' : 'file';
    case '1':
      return 'hardlink';
    case '2':
      return 'symlink';
    case '3':
    case '4':
    case '6':
      return 'device';
    case '5':
      return 'directory';
    case 'S':
      return 'sparse';
    default:
      return 'other';
  }
}

/** What is for all entries at once would have readers disagree about what an archive holds. */
function refuseGlobal({ path, linkpath, size, sparse }: PaxRecords): void {
  if (path === undefined && linkpath === undefined && size === undefined && !sparse) return;
  throw new OciError('INVALID_LAYER', 'a file system layer has a global header with names or sizes');
}

function untilZero(content: Uint8Array): string {
  const end = content.indexOf(0);
  return Buffer.from(end === -1 ? content : content.subarray(0, end)).toString();
}

function entryPath(name: string): string {
  const parts = bounded(name)
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  // The root may be `/`; some builders of images write it so.
  if (parts.includes('..') || (name.startsWith('/') && parts.length > 0)) {
    throw new OciError(
      'INVALID_LAYER',
      `a file system layer has an entry that leads out of it: ${JSON.stringify(name.slice(0, 200))}; ` +
        'pack it with names relative to its root',
    );
  }
  return parts.join('/');
}

function bounded(path: string): string {
  if (Buffer.byteLength(path) <= maxPathBytes) return path;
  throw new OciError(
    'INVALID_LAYER',
    `a file system layer has a name of more than ${maxPathBytes} bytes: ${JSON.stringify(path.slice(0, 100))}…`,
  );
}

function padding(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes;
}
