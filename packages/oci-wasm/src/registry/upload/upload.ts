import type { Descriptor } from '../../content/descriptor.ts';
import { OciError } from '../../errors.ts';
import { hasBlob } from '../blobs.ts';
import { isTransient } from '../http/http.ts';
import type { RepositoryContext } from '../repository-context.ts';
import { createSourceCursor } from './source-cursor.ts';
import {
  beginUpload,
  cancelUpload,
  findUpload,
  sendPart,
  type Upload,
  type UploadJob,
  uploadAfter,
} from './upload-session.ts';

/**
 * Uploads a blob: a small one in one request, a larger one in chunks (distribution-spec, "Pushing blobs"). After a
 * failure the registry is asked how far it has come, and the upload goes on from there; one that comes to nothing is
 * taken back.
 */
export async function uploadBlob(
  context: RepositoryContext,
  descriptor: Descriptor,
  open: () => AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const buffers = context.uploads.memory.lend();
  await using source = createSourceCursor(open, descriptor, buffers);
  const subject = `cannot push ${context.name}: blob ${descriptor.digest}`;
  const job: UploadJob = { context, descriptor, source, signal, subject };
  let upload = await beginUpload(job);
  let furthest = 0;
  let fruitless = 0;
  try {
    for (;;) {
      const step = await advance(job, upload);
      if (step.kind === 'done') {
        buffers.giveBack();
        return;
      }
      if (step.kind === 'refused') {
        await cancelUpload(context, upload);
        upload = await beginUpload(job);
        continue;
      }
      upload = step.upload;
      if (upload.offset - furthest >= progressBytes) {
        furthest = upload.offset;
        fruitless = 0;
      }
      if (step.kind === 'on') continue;
      fruitless += 1;
      if (fruitless >= context.retry.tries || isTooLate(context)) throw step.failure;
      const found = await findUpload(job, upload);
      // An upload that has been completed is not there any more: it is the answer that was lost.
      if (found === undefined && (await hasBlob(context, descriptor, signal))) return;
      upload = found ?? (await beginUpload(job));
    }
  } catch (error) {
    await cancelUpload(context, upload);
    signal?.throwIfAborted();
    throw error;
  }
}

/** What one request has come to. */
type Step =
  | { readonly kind: 'done' }
  | { readonly kind: 'on'; readonly upload: Upload }
  /** Worth another try, from wherever the registry is. */
  | { readonly kind: 'broken'; readonly upload: Upload; readonly failure: OciError }
  /** The registry takes no chunks. */
  | { readonly kind: 'refused' };

/** An upload that has gained less than this has not moved. */
const progressBytes = 64 * 1024;

/** Sends all of it, or the next chunk, or the request that completes it. */
function advance(job: UploadJob, upload: Upload): Promise<Step> {
  const { uploads, endpoint } = job.context;
  const { size } = job.descriptor;
  const rest = size - upload.offset;
  const isMonolithic = size <= uploads.monolithicBytes || uploads.chunkless.has(endpoint.origin);
  if (rest === 0 || (upload.offset === 0 && isMonolithic)) return complete(job, upload, rest);
  return sendChunk(job, upload, Math.min(rest, Math.max(1, uploads.chunkBytes, upload.minChunkBytes)));
}

async function complete(job: UploadJob, upload: Upload, length: number): Promise<Step> {
  const sent = await sendPart(job, upload, 'PUT', length);
  if (sent.kind === 'broken') return { ...sent, upload };
  if (sent.kind === 'refused') {
    if (isPassing(sent.status)) return { kind: 'broken', upload, failure: sent.failure };
    throw sent.failure;
  }
  await sent.response.discard();
  return { kind: 'done' };
}

async function sendChunk(job: UploadJob, upload: Upload, length: number): Promise<Step> {
  const { context, subject } = job;
  const { offset } = upload;
  const sent = await sendPart(job, upload, 'PATCH', length);
  if (sent.kind === 'broken') return { ...sent, upload };
  if (sent.kind === 'refused') {
    if (offset === 0 && chunkRefusals.includes(sent.status)) {
      if (context.uploads.chunkless.size >= maxChunkless) context.uploads.chunkless.clear();
      context.uploads.chunkless.add(context.endpoint.origin);
      return { kind: 'refused' };
    }
    if (isPassing(sent.status)) return { kind: 'broken', upload, failure: sent.failure };
    throw sent.failure;
  }
  await sent.response.discard();
  const next = uploadAfter(job, upload, sent.response, offset + length);
  if (next.offset > offset && next.offset <= offset + length) return { kind: 'on', upload: next };
  const problem = `the registry says that it has ${next.offset} bytes after ${offset + length} were sent`;
  const details = { host: context.endpoint.registry, reference: context.name };
  const failure = new OciError('INVALID_RESPONSE', `${subject}: ${problem}`, details);
  return { kind: 'broken', upload, failure };
}

/** What registries answer to a chunk that would take the same bytes in one piece. */
const chunkRefusals: readonly number[] = [400, 404, 405, 411, 413, 415, 501];
const maxChunkless = 1_000;

/** Besides what passes by itself: the registry does not know the upload any more, or is at another offset. */
function isPassing(status: number): boolean {
  return isTransient(status) || status === 404 || status === 416;
}

/** Whether the pause that the registry asks for would end after the deadline. */
function isTooLate({ http, retry, endpoint, endsAt }: RepositoryContext): boolean {
  return retry.now() + http.backoff.pauseMs(new URL(endpoint.origin).host) > endsAt;
}
