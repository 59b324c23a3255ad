import type { Readable } from 'node:stream';
import { HttpFailure } from '../types/error-code.ts';
import type { Fields } from '../types/fields.ts';
import { createInboundBody, type InboundBody } from './inbound-body.ts';

export interface ReceiveOptions {
  /** Most bytes of all of it; beyond, the body fails. */
  readonly maxBodyBytes: number;
  /** Longest that the guest waits for the client, in milliseconds. */
  readonly clientIdleMs: number;
  /** Bytes that are held before the client has to wait. */
  readonly holdBytes: number;
  /** Asked at the end. */
  readonly trailers: () => Fields | undefined;
}

/** The body that comes by a stream of a server's. */
export function receiveStream(
  stream: Readable,
  { maxBodyBytes, clientIdleMs, holdBytes, trailers }: ReceiveOptions,
): InboundBody {
  const ignore = (): void => {
    stream.off('data', push);
    stream.resume(); // It is read to its end, so that the connection can be used again.
  };
  const writer = createInboundBody(
    { pause: () => stream.pause(), resume: () => stream.resume(), abort: ignore },
    {
      maxBytes: maxBodyBytes,
      tooLarge: () => new HttpFailure({ code: 'HTTP-request-body-size', size: BigInt(maxBodyBytes) }),
      idleMs: clientIdleMs,
      holdBytes,
    },
  );
  const push = (chunk: Uint8Array): void => writer.push(chunk);
  const brokeOff = (): void => writer.fail(new HttpFailure({ code: 'connection-terminated' }));
  stream.on('data', push);
  // A stream of HTTP/2 that is reset has an end as well, later.
  for (const event of ['aborted', 'error', 'close']) stream.once(event, brokeOff);
  stream.once('end', () => writer.end(trailers()));
  return writer.body;
}
