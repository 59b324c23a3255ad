import type { Descriptor } from '../content/descriptor.ts';
import { OciError } from '../errors.ts';
import { isReset } from './connection-error.ts';
import { type HttpResponse, isTransient } from './http.ts';
import type { RepositoryContext } from './repository-context.ts';
import { responseError } from './response-error.ts';
import { type Outcome, retryAfterMs, retrying } from './retry.ts';

/** Given to the registry for taking back an upload that has failed. */
const cancelMs = 2_000;

/**
 * Uploads a blob in one piece (distribution-spec, "POST then PUT"). A try that fails is taken back, and the next
 * one begins a new upload.
 */
export function uploadBlob(
  context: RepositoryContext,
  descriptor: Descriptor,
  open: () => AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  return retrying(context.retry, () => upload(context, descriptor, open, signal), signal);
}

async function upload(
  context: RepositoryContext,
  descriptor: Descriptor,
  open: () => AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<Outcome<void>> {
  const { digest, size } = descriptor;
  const subject = `cannot push ${context.name}: blob ${digest}`;
  const session = await beginUpload(context, subject, signal);
  // The query may be signed: it is added to, not written anew.
  const target = new URL(
    `${session.href}${session.search === '' ? '?' : '&'}digest=${encodeURIComponent(digest)}`,
  );
  let sent: HttpResponse;
  try {
    sent = await context.sender.send({
      method: 'PUT',
      url: target,
      headers: { 'content-type': 'application/octet-stream', 'content-length': String(size) },
      body: open,
      retry: false,
      signal,
      subject,
    });
  } catch (error) {
    await cancelUpload(context, session);
    signal?.throwIfAborted();
    const giveUp = (): never => {
      throw error;
    };
    return error instanceof OciError && isReset(error.cause)
      ? { kind: 'again', afterMs: undefined, giveUp }
      : giveUp();
  }
  if (sent.status === 201) {
    await sent.discard();
    return { kind: 'done', value: undefined };
  }
  const afterMs = retryAfterMs(sent.header('retry-after'), new Date());
  const failure = await uploadError(context, sent, subject);
  await cancelUpload(context, session);
  const giveUp = (): never => {
    throw failure;
  };
  return isTransient(sent.status) ? { kind: 'again', afterMs, giveUp } : giveUp();
}

async function beginUpload(
  context: RepositoryContext,
  subject: string,
  signal: AbortSignal | undefined,
): Promise<URL> {
  const url = context.url('blobs/uploads/');
  const response = await context.sender.send({ method: 'POST', url, signal, subject });
  if (response.status !== 202) throw await uploadError(context, response, subject);
  await response.discard();
  const location = response.header('location');
  if (location === undefined) {
    throw new OciError('INVALID_RESPONSE', `${subject}: the registry says nowhere to upload to`, {
      host: context.endpoint.registry,
      reference: context.name,
    });
  }
  return context.guard.target(location, { from: response.url, purpose: 'upload location' });
}

function uploadError(context: RepositoryContext, response: HttpResponse, subject: string): Promise<OciError> {
  const { endpoint, name, sender } = context;
  return responseError(response, {
    subject,
    registry: endpoint.registry,
    reference: name,
    secrets: sender.secrets,
  });
}

/** Registries clean up by themselves; this only helps them. */
async function cancelUpload({ sender }: RepositoryContext, url: URL): Promise<void> {
  try {
    const signal = AbortSignal.timeout(cancelMs);
    const response = await sender.send({ method: 'DELETE', url, signal, retry: false, subject: 'upload' });
    await response.discard();
  } catch {
    // What counts is why the upload failed.
  }
}
