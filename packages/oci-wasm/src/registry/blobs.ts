import type { Descriptor } from '../content/descriptor.ts';
import type { Beginning } from '../content/target.ts';
import { markSpare } from '../content/spare-chunk.ts';
import { verified } from '../content/verified.ts';
import { OciError } from '../errors.ts';
import { type BlobPart, openBlobPart, type PartRequest } from './blob-part.ts';
import type { RepositoryContext } from './repository-context.ts';

/**
 * Streams a blob, verified, or what follows on its beginning. One that breaks off is gone on with from where it did,
 * in the same iteration.
 */
export function readBlob(
  context: RepositoryContext,
  descriptor: Descriptor,
  beginning: Beginning | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const rest = resumed(context, descriptor, beginning?.length ?? 0, signal);
  return verified(descriptor, rest, context.place, beginning);
}

/** A try that gains less than this, and not all of the rest, counts as one that has gained nothing. */
const progressBytes = 64 * 1024;

/** All bytes from an offset on, in order, from as many answers as it takes; ends when too many of them in a row have brought it no further. */
async function* resumed(
  context: RepositoryContext,
  descriptor: Descriptor,
  from: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { http, retry } = context;
  const { size } = descriptor;
  let received = from;
  let fruitless = 0;
  let request: PartRequest = { from, etag: undefined };
  for (;;) {
    const before = received;
    let part: BlobPart | undefined;
    let failure: OciError;
    try {
      part = await openBlobPart(context, descriptor, request, signal);
      let position = part.from;
      for await (const chunk of part.body) {
        // An answer that begins anew repeats what has been passed on.
        const fresh = chunk.subarray(Math.max(0, received - position));
        position += chunk.length;
        received += fresh.length;
        if (fresh.length > 0) yield markSpare(fresh);
      }
      failure = brokenOff(context, descriptor, received);
    } catch (error) {
      signal?.throwIfAborted();
      // Before the first byte, what can be tried again has been.
      if (part === undefined && received === from) throw error;
      failure = resumable(context, descriptor, error, part, received);
    } finally {
      part?.close();
    }
    if (received >= size) return;
    fruitless = received - before >= progressBytes ? 0 : fruitless + 1;
    if (fruitless >= retry.tries) throw failure;
    const host = part?.host ?? new URL(context.endpoint.origin).host;
    if (fruitless > 0) http.backoff.failed(host, { tried: fruitless, afterMs: undefined });
    const ranges = part === undefined || part.takesRanges;
    request = ranges && received > 0 ? { from: received, etag: part?.etag ?? request.etag } : startAnew;
  }
}

const startAnew: PartRequest = { from: 0, etag: undefined };

/** What is told when it comes to no other try; throws what another try would not change. */
function resumable(
  context: RepositoryContext,
  descriptor: Descriptor,
  error: unknown,
  part: BlobPart | undefined,
  received: number,
): OciError {
  const failure = part === undefined ? error : context.http.bodyError(error, part.host);
  if (!(failure instanceof OciError) || failure.status !== undefined) throw failure;
  if (failure.code === 'TIMEOUT') return failure;
  if (failure.code !== 'UNAVAILABLE') throw failure;
  return brokenOff(context, descriptor, received, part?.host, failure.cause);
}

function brokenOff(
  { endpoint, name, place }: RepositoryContext,
  { digest, size }: Descriptor,
  received: number,
  host = endpoint.registry,
  cause?: unknown,
): OciError {
  const problem = `the connection ended after ${received} of ${size} bytes of ${digest}; ${place.remedy}`;
  return new OciError('TRUNCATED', `registry ${host}: ${problem}`, {
    host: endpoint.registry,
    reference: name,
    cause,
  });
}

export async function hasBlob(
  context: RepositoryContext,
  { digest }: Descriptor,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const subject = `cannot look for ${context.name}: blob ${digest}`;
  const response = await context.sender.send({
    method: 'HEAD',
    url: context.url(`blobs/${digest}`),
    signal,
    subject,
  });
  await response.discard();
  return response.status === 200;
}
