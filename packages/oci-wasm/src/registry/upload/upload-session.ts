import type { Descriptor } from '../../content/descriptor.ts';
import { OciError } from '../../errors.ts';
import { isReset } from '../http/connection-error.ts';
import type { HttpResponse } from '../http/http.ts';
import type { RepositoryContext } from '../repository-context.ts';
import { responseError } from '../response-error.ts';
import type { SourceCursor } from './source-cursor.ts';

/** A blob that is being uploaded. */
export interface UploadJob {
  readonly context: RepositoryContext;
  readonly descriptor: Descriptor;
  readonly source: SourceCursor;
  readonly signal: AbortSignal | undefined;
  /** For messages. */
  readonly subject: string;
}

/** An upload as the registry last knew it. */
export interface Upload {
  /** Its newest location. */
  readonly url: URL;
  /** Bytes that the registry has. */
  readonly offset: number;
  /** The least that the registry takes in one chunk, the last one excepted. */
  readonly minChunkBytes: number;
}

/** Given to the registry for taking back an upload that has failed. */
const cancelMs = 2_000;

export async function beginUpload(job: UploadJob): Promise<Upload> {
  const { context, signal, subject } = job;
  const url = context.url('blobs/uploads/');
  const response = await context.sender.send({ method: 'POST', url, signal, subject });
  if (response.status !== 202) throw await uploadError(job, response);
  await response.discard();
  if (response.header('location') === undefined) {
    throw new OciError('INVALID_RESPONSE', `${subject}: the registry says nowhere to upload to`, {
      host: context.endpoint.registry,
      reference: context.name,
    });
  }
  const minimum = Number(response.header('oci-chunk-min-length') ?? 0);
  const minChunkBytes = Number.isSafeInteger(minimum) ? minimum : 0;
  return { url: locationOf(job, response, url), offset: 0, minChunkBytes };
}

export type Sent =
  | { readonly kind: 'taken'; readonly response: HttpResponse }
  | { readonly kind: 'refused'; readonly status: number; readonly failure: OciError }
  /** The connection failed, or the registry did not answer in time. */
  | { readonly kind: 'broken'; readonly failure: OciError };

/** Sends the next bytes: as a chunk (PATCH), or as what completes the blob (PUT). Rejects when it is not the registry that fails. */
export async function sendPart(
  job: UploadJob,
  upload: Upload,
  method: 'PATCH' | 'PUT',
  length: number,
): Promise<Sent> {
  const { context, descriptor, source, signal, subject } = job;
  const { offset } = upload;
  const isChunk = method === 'PATCH';
  let response: HttpResponse;
  try {
    response = await context.sender.send({
      method,
      url: isChunk ? upload.url : withDigest(upload.url, descriptor.digest),
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(length),
        ...(isChunk ? { 'content-range': `${offset}-${offset + length - 1}` } : {}),
      },
      ...(length === 0 ? {} : { body: () => source.part(offset, length) }),
      retry: false,
      signal,
      subject,
    });
  } catch (error) {
    signal?.throwIfAborted();
    if (source.failure !== undefined) throw source.failure;
    const isPassing = error instanceof OciError && (isReset(error.cause) || error.code === 'TIMEOUT');
    if (!isPassing) throw error;
    return { kind: 'broken', failure: error };
  }
  if (response.status === (isChunk ? 202 : 201)) return { kind: 'taken', response };
  return { kind: 'refused', status: response.status, failure: await uploadError(job, response) };
}

/** The query may be signed: it is added to, not written anew. */
function withDigest(url: URL, digest: string): URL {
  return new URL(`${url.href}${url.search === '' ? '?' : '&'}digest=${encodeURIComponent(digest)}`);
}

/** How the upload stands after an answer about it; `offset` where the answer does not say. */
export function uploadAfter(job: UploadJob, upload: Upload, response: HttpResponse, offset: number): Upload {
  const range = response.header('range');
  const [, first, last] = /^(?:bytes=)?(\d{1,16})-(\d{1,16})$/.exec(range?.trim() ?? '') ?? [];
  // "0-0" is what registries say of an upload that has nothing yet.
  const said = first === '0' && last !== undefined ? (last === '0' ? 0 : Number(last) + 1) : undefined;
  return { ...upload, url: locationOf(job, response, upload.url), offset: said ?? offset };
}

/** Asks how far an upload has come; undefined when there is nothing that could be gone on with. */
export async function findUpload(job: UploadJob, upload: Upload): Promise<Upload | undefined> {
  const { context, signal, subject, descriptor } = job;
  const response = await context.sender.send({ method: 'GET', url: upload.url, signal, subject });
  await response.discard();
  const isKnown = response.status === 204 || response.status === 202 || response.status === 200;
  const found = isKnown ? uploadAfter(job, upload, response, 0) : undefined;
  const isUsable = found !== undefined && found.offset <= descriptor.size;
  const mayContinue = found?.offset === 0 || !context.uploads.chunkless.has(context.endpoint.origin);
  if (isUsable && mayContinue) return found;
  if (response.status !== 404) await cancelUpload(context, found ?? upload);
  return undefined;
}

/** Registries clean up by themselves; this only helps them. */
export async function cancelUpload(
  { sender }: RepositoryContext,
  { url }: Pick<Upload, 'url'>,
): Promise<void> {
  try {
    const signal = AbortSignal.timeout(cancelMs);
    // At once, also where the registry is to be left alone for a while.
    const request = { method: 'DELETE', url, signal, retry: false, endsAt: 0, subject: 'upload' } as const;
    await (await sender.send(request)).discard();
  } catch {
    // What counts is why the upload failed.
  }
}

function locationOf({ context }: UploadJob, response: HttpResponse, former: URL): URL {
  const location = response.header('location');
  return location === undefined
    ? former
    : context.guard.target(location, { from: response.url, purpose: 'upload location' });
}

function uploadError({ context, subject }: UploadJob, response: HttpResponse): Promise<OciError> {
  const { endpoint, name, sender } = context;
  return responseError(response, {
    subject,
    registry: endpoint.registry,
    reference: name,
    secrets: sender.secrets,
  });
}
