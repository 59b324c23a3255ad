import type { Descriptor } from '../content/descriptor.ts';
import { verified } from '../content/verified.ts';
import { OciError } from '../errors.ts';
import type { RepositoryContext } from './repository-context.ts';
import { responseError } from './response-error.ts';

/** Streams a blob, verified. */
export async function* readBlob(
  context: RepositoryContext,
  descriptor: Descriptor,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { name, endpoint, http, sender, place } = context;
  const { registry } = endpoint;
  const { digest, size } = descriptor;
  const subject = `cannot pull ${name}: blob ${digest}`;
  const response = await sender.send({ method: 'GET', url: context.url(`blobs/${digest}`), signal, subject });
  if (response.status === 404) {
    await response.discard();
    throw new OciError(
      'BLOB_UNKNOWN',
      `${subject}: the registry does not have it (404); push the artifact again`,
      {
        host: registry,
        reference: name,
        status: 404,
      },
    );
  }
  if (response.status !== 200) {
    throw await responseError(response, { subject, registry, reference: name, secrets: sender.secrets });
  }
  let received = 0;
  const body = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        received += chunk.length;
        yield chunk;
      }
    } catch (error) {
      signal?.throwIfAborted();
      const failure = http.bodyError(error, response.url.host);
      if (failure.code !== 'UNAVAILABLE' || received >= size) throw failure;
      const problem = `the connection ended after ${received} of ${size} bytes of ${digest}; ${place.remedy}`;
      throw new OciError('TRUNCATED', `registry ${response.url.host}: ${problem}`, {
        host: registry,
        reference: name,
        cause: error,
      });
    } finally {
      response.body.destroy();
    }
  };
  yield* verified(descriptor, body(), place);
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
