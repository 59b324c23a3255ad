import { createHash } from 'node:crypto';
import { constants, type FileHandle, open, rename, rm, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Descriptor } from '../content/descriptor.ts';
import { parseDigest } from '../content/digest.ts';
import type { Beginning, WriteOptions } from '../content/target.ts';
import { isVerified, type Place, verified } from '../content/verified.ts';
import { OciError, type OciErrorCode } from '../errors.ts';
import { appendStream, type StreamEnd } from './append-stream.ts';
import { blobPath, incomingDirectory } from './blob-paths.ts';
import { makeDirectory } from './make-directory.ts';
import { adoptPartial, ownPartialPath, releasePartial } from './partial-files.ts';
import { syncDirectory } from './replace-file.ts';

/** A blob that is wanted, and how it can be had. */
export interface WantedBlob extends Pick<WriteOptions, 'resume' | 'signal'> {
  readonly root: string;
  readonly descriptor: Descriptor;
  readonly open: () => AsyncIterable<Uint8Array>;
  /** The store, for messages. */
  readonly place: Place;
}

/**
 * Brings a blob to where it belongs, whole, verified and synced. What an earlier transfer has left of it is gone on
 * with where its source can do so, and what this one leaves is kept for the next; when it was the beginning of
 * something else, the blob is read once from its first byte.
 */
export async function receiveBlob(wanted: WantedBlob): Promise<void> {
  const { root, descriptor, resume } = wanted;
  const path = blobPath(root, descriptor.digest);
  await makeDirectory(incomingDirectory(root));
  await makeDirectory(dirname(path));
  const partial = await ownPartialPath(root, descriptor.digest);
  const isResumed = resume !== undefined && (await adoptPartial(root, descriptor, partial));
  try {
    await receive(wanted, partial);
  } catch (error) {
    if (!isResumed || !isUseless(error)) throw error;
    await receive(wanted, partial);
  }
  await syncDirectory(dirname(path));
}

/** After a failure, the partial file is nobody's or gone. */
async function receive(wanted: WantedBlob, partial: string): Promise<void> {
  const { root, descriptor, resume } = wanted;
  try {
    const end = await fillFile(wanted, partial);
    if (end.kind === 'broken') {
      if (resume !== undefined && !isUseless(end.error))
        await releasePartial(root, descriptor.digest, partial);
      throw end.error;
    }
    // Accessed after it was modified: then file systems do not take every reading for a use.
    const now = Date.now() / 1000;
    await utimes(partial, now, Math.floor(now));
    await rename(partial, blobPath(root, descriptor.digest));
  } catch (error) {
    // What cannot be written stays nowhere: a full disk is not to be kept full by it.
    await rm(partial, { force: true });
    throw error;
  }
}

/** What is wrong with a transfer whose bytes are no beginning of what is wanted, or that cannot be gone on with. */
function isUseless(error: unknown): boolean {
  return error instanceof OciError && uselessCodes.includes(error.code);
}

const uselessCodes: readonly OciErrorCode[] = ['DIGEST_MISMATCH', 'SIZE_MISMATCH', 'INVALID_RESPONSE'];

/**
 * Nothing is synced before all of it is there: a beginning that has lost its end in a power cut, or has zeros in its
 * place, is found out when it is read back or when the digest is another, and costs no more than its bytes.
 */
async function fillFile(wanted: WantedBlob, path: string): Promise<StreamEnd> {
  const { descriptor, place, signal } = wanted;
  await using file = await open(path, appending, 0o600);
  const beginning = await readBeginning(file, descriptor, signal);
  if (beginning === undefined) return { kind: 'broken', error: signal?.reason };
  const rest = restOf(wanted, beginning);
  const isOurs = isVerified(descriptor, rest);
  const content = isOurs ? rest : verified(descriptor, rest, place, beginning);
  const expectedBytes = descriptor.size - beginning.length;
  const end = await appendStream(file, content, { expectedBytes, isOurs, signal });
  if (end.kind === 'broken') return end;
  const { size } = await file.stat();
  if (size !== descriptor.size) {
    const problem = `${descriptor.digest} is ${size} bytes long in place of ${descriptor.size}`;
    throw new OciError('SIZE_MISMATCH', `${place.name}: ${problem}; ${place.remedy}`);
  }
  await file.sync();
  return end;
}

const { O_RDWR, O_CREAT, O_APPEND } = constants;
/** Windows has no such flag. */
const noFollow = (constants.O_NOFOLLOW as number | undefined) ?? 0;
const appending = O_RDWR | O_CREAT | O_APPEND | noFollow;

function restOf(
  { descriptor, open: openWhole, resume }: WantedBlob,
  beginning: Beginning,
): AsyncIterable<Uint8Array> {
  if (beginning.length === 0 || resume === undefined) return openWhole();
  return beginning.length === descriptor.size ? nothing() : resume(beginning);
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}

const readBytes = 256 * 1024;

/** What the file has already, read through; undefined when that has been ended. */
async function readBeginning(
  file: FileHandle,
  { digest }: Descriptor,
  signal: AbortSignal | undefined,
): Promise<Beginning | undefined> {
  const hash = createHash(parseDigest(digest).algorithm);
  const { size } = await file.stat();
  if (size === 0) return { length: 0, hash };
  const buffer = Buffer.allocUnsafe(Math.min(readBytes, size));
  for (let length = 0; ; ) {
    if (signal?.aborted === true) return undefined;
    const { bytesRead } = await file.read(buffer, 0, buffer.length, length);
    if (bytesRead === 0) return { length, hash };
    hash.update(buffer.subarray(0, bytesRead));
    length += bytesRead;
  }
}
