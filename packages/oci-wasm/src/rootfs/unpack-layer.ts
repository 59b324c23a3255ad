import type { Duplex } from 'node:stream';
import { constants, createGunzip, createZstdDecompress } from 'node:zlib';
import { markSpare, releaseChunk } from '../content/spare-chunk.ts';
import { OciError } from '../errors.ts';
import type { LayerBudget } from './layer-budget.ts';

/**
 * The archive in a layer. Which compression it has is told by its first bytes, as containerd does, since media
 * types are often wrong about it. Chunks are good until the next one is asked for, those of the source as well. Reads
 * its source to the end, so that a verified one has been verified when the iteration has ended well.
 *
 * Throws {@link OciError} `INVALID_LAYER`, `TOO_LARGE`, and what the source throws.
 */
export async function* unpackLayer(
  source: AsyncIterable<Uint8Array>,
  budget: LayerBudget,
): AsyncGenerator<Uint8Array, void, undefined> {
  const passed = { packed: 0, unpacked: 0, ended: false };
  const counted = counting(source, passed);
  const head = await firstChunks(counted);
  const decoder = decoderFor(head);
  const all = joined(head, counted);
  for await (const chunk of decoder === undefined ? all : decoded(all, decoder)) {
    passed.unpacked += chunk.length;
    budget.unpacked(chunk.length, passed);
    yield chunk;
  }
  if (!passed.ended)
    throw new OciError('INVALID_LAYER', 'a file system layer has bytes behind its compressed data');
}

async function* counting(
  source: AsyncIterable<Uint8Array>,
  passed: { packed: number; ended: boolean },
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of source) {
    passed.packed += chunk.length;
    yield chunk;
  }
  passed.ended = true;
}

const magicBytes = 4;

/** As much as tells the compression, or all there is. */
async function firstChunks(source: AsyncGenerator<Uint8Array, void, undefined>): Promise<Uint8Array> {
  let head: Uint8Array = new Uint8Array();
  while (head.length < magicBytes) {
    const next = await source.next();
    if (next.done === true) break;
    head =
      head.length === 0 && next.value.length >= magicBytes ? next.value : Buffer.concat([head, next.value]);
  }
  return head;
}

async function* joined(
  head: Uint8Array,
  rest: AsyncGenerator<Uint8Array, void, undefined>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    if (head.length > 0) yield head;
    yield* rest;
  } finally {
    await rest.return();
  }
}

/** 32 MiB, of which a decoder holds as much as a frame asks for: what encoders use short of `zstd --ultra`. */
const maxWindowLog = 25;

const chunkSize = 256 * 1024;

function decoderFor(head: Uint8Array): Duplex | undefined {
  const [a, b, c, d] = head;
  if (a === 0x1f && b === 0x8b) return createGunzip({ chunkSize });
  // A frame, or one to skip: zstd:chunked has such in front.
  const frame = a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd;
  const skippable = a !== undefined && a >> 4 === 5 && b === 0x2a && c === 0x4d && d === 0x18;
  if (!frame && !skippable) return undefined;
  return createZstdDecompress({ chunkSize, params: { [constants.ZSTD_d_windowLogMax]: maxWindowLog } });
}

async function* decoded(
  source: AsyncIterable<Uint8Array>,
  decoder: Duplex,
): AsyncGenerator<Uint8Array, void, undefined> {
  const feeding = feed(source, decoder);
  try {
    for await (const chunk of decoder as AsyncIterable<Uint8Array>) {
      yield chunk;
      // When its memory is full the decoder makes more, and does not look at it again.
      releaseChunk(markSpare(chunk, chunkSize));
    }
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (!/^(?:Z_|ZSTD_|ERR_ZLIB|ERR_ZSTD)/.test(code)) throw error;
    throw new OciError('INVALID_LAYER', `a file system layer cannot be decompressed: ${message}`, {
      cause: error,
    });
  } finally {
    decoder.destroy();
    // Its source is let go of before whoever waits goes on.
    await feeding;
  }
}

/** Never rejects: what fails is told by the decoder. */
async function feed(source: AsyncIterable<Uint8Array>, decoder: Duplex): Promise<void> {
  try {
    for await (const chunk of source) {
      if (!(await takes(decoder, chunk))) return;
    }
    decoder.end();
  } catch (error) {
    decoder.destroy(error as Error);
  }
}

/** Resolves with true when it has no more use for the chunk, and with false when it has failed or is closed. */
function takes(decoder: Duplex, chunk: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    const onClose = (): void => resolve(false);
    decoder.once('close', onClose);
    decoder.write(chunk, (error) => {
      decoder.off('close', onClose);
      resolve(!error);
    });
  });
}
