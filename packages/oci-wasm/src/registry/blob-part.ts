import type { Descriptor } from '../content/descriptor.ts';
import { OciError } from '../errors.ts';
import type { HttpResponse } from './http/http.ts';
import { refuseEncoded } from './refuse-encoded.ts';
import type { RepositoryContext } from './repository-context.ts';
import { responseError } from './response-error.ts';

export interface PartRequest {
  /** Offset of the first byte that is wanted. */
  readonly from: number;
  /** What the earlier bytes came with, so that no two versions are mixed. */
  readonly etag: string | undefined;
}

/** The body of one answer. */
export interface BlobPart {
  /** Offset of its first byte: as asked for, else 0. */
  readonly from: number;
  readonly body: AsyncIterable<Uint8Array>;
  readonly etag: string | undefined;
  /** False when the registry has shown that it cannot go on from an offset. */
  readonly takesRanges: boolean;
  /** Who sends it, after redirects. */
  readonly host: string;
  /** Ends the exchange. */
  close(): void;
}

/**
 * Asks for a blob from an offset on. A part of the answer is taken only when it is what was asked for; in any other
 * case the blob is asked for from its beginning.
 */
export async function openBlobPart(
  context: RepositoryContext,
  descriptor: Descriptor,
  request: PartRequest,
  signal: AbortSignal | undefined,
): Promise<BlobPart> {
  const response = await ask(context, descriptor, request, signal);
  if (request.from === 0) return partOf(context, descriptor, response, 0, true);
  if (response.status === 200) return partOf(context, descriptor, response, 0, false);
  if (response.status === 206 && isRest(response.header('content-range'), request.from, descriptor.size)) {
    return partOf(context, descriptor, response, request.from, true);
  }
  if (response.status !== 206 && response.status !== 416) throw await refusal(context, descriptor, response);
  await response.discard();
  const whole = await ask(context, descriptor, { from: 0, etag: undefined }, signal);
  return partOf(context, descriptor, whole, 0, false);
}

function ask(
  context: RepositoryContext,
  descriptor: Descriptor,
  { from, etag }: PartRequest,
  signal: AbortSignal | undefined,
): Promise<HttpResponse> {
  const range =
    from === 0 ? {} : { range: `bytes=${from}-`, ...(etag === undefined ? {} : { 'if-range': etag }) };
  return context.sender.send({
    method: 'GET',
    url: context.url(`blobs/${descriptor.digest}`),
    headers: range,
    signal,
    subject: subjectOf(context, descriptor),
  });
}

async function partOf(
  context: RepositoryContext,
  descriptor: Descriptor,
  response: HttpResponse,
  from: number,
  takesRanges: boolean,
): Promise<BlobPart> {
  if (response.status !== (from === 0 ? 200 : 206)) throw await refusal(context, descriptor, response);
  refuseEncoded(response, descriptor, context);
  await refuseOtherLength(context, descriptor, response, from);
  return {
    from,
    body: response.body,
    etag: strongTag(response.header('etag')),
    takesRanges,
    host: response.url.host,
    close: () => response.body.destroy(),
  };
}

/** What announces another length than the descriptor's is not it, however it goes on. A part may be less than the rest. */
async function refuseOtherLength(
  { endpoint, name, place }: RepositoryContext,
  { digest, size }: Descriptor,
  response: HttpResponse,
  from: number,
): Promise<void> {
  const announced = response.header('content-length');
  if (announced === undefined || !/^\d+$/.test(announced)) return;
  const length = from + Number(announced);
  if (length === size || (from > 0 && length < size)) return;
  await response.discard();
  const problem = `announces ${length} bytes for ${digest}, which has ${size}; ${place.remedy}`;
  throw new OciError(
    length > size ? 'SIZE_MISMATCH' : 'TRUNCATED',
    `registry ${response.url.host} ${problem}`,
    {
      host: endpoint.registry,
      reference: name,
    },
  );
}

/** Whether a `Content-Range` says that the rest from an offset on follows, or the beginning of it. */
function isRest(value: string | undefined, from: number, size: number): boolean {
  const [, first, last, total] =
    /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/i.exec(value?.trim() ?? '') ?? [];
  if (Number(first) !== from || Number(last) < from || Number(last) >= size) return false;
  return total === '*' || Number(total) === size;
}

/** Weak tags do not tell that bytes are the same. */
function strongTag(value: string | undefined): string | undefined {
  return value !== undefined && /^"[\x21\x23-\x7e]{1,256}"$/.test(value) ? value : undefined;
}

async function refusal(
  context: RepositoryContext,
  descriptor: Descriptor,
  response: HttpResponse,
): Promise<OciError> {
  const { name, endpoint, sender } = context;
  const { registry } = endpoint;
  const subject = subjectOf(context, descriptor);
  if (response.status === 404) {
    await response.discard();
    const problem = 'the registry does not have it (404); push the artifact again';
    return new OciError('BLOB_UNKNOWN', `${subject}: ${problem}`, {
      host: registry,
      reference: name,
      status: 404,
    });
  }
  return responseError(response, { subject, registry, reference: name, secrets: sender.secrets });
}

function subjectOf({ name }: RepositoryContext, { digest }: Descriptor): string {
  return `cannot pull ${name}: blob ${digest}`;
}
