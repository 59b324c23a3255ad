import { Readable } from 'node:stream';
import type { OutboundBody } from '../bodies/outbound-body.ts';
import { HttpFailure } from '../types/error-code.ts';

/** A guest's body as undici takes it: whole if the guest has finished it already, else as a stream. */
export function requestBody(
  body: OutboundBody | undefined,
  maxBytes = Number.POSITIVE_INFINITY,
): Readable | Buffer | null {
  if (body === undefined) return null;
  let bytes = 0;
  let drained: (() => void) | undefined;
  let whole: Buffer | null | undefined;
  let stream: Readable | undefined;
  const opened = (): Readable => {
    stream ??= new Readable({ read: () => drained?.(), highWaterMark: 64 * 1024 });
    return stream;
  };
  body.attach({
    write(chunk) {
      bytes += chunk.length;
      if (bytes > maxBytes) body.fail(tooLarge());
      else opened().push(chunk);
    },
    get pendingBytes() {
      return stream?.readableLength ?? 0;
    },
    onDrain: (call) => (drained = call),
    finish(last, trailers) {
      if (trailers !== undefined && trailers.entries.length > 0) {
        // undici sends none; to leave them out would be to send another message than the guest's.
        opened().destroy(
          new HttpFailure({ code: 'internal-error', text: 'trailers of requests are not sent' }),
        );
      } else if (bytes + (last?.length ?? 0) > maxBytes) opened().destroy(tooLarge());
      else if (stream === undefined) whole = last ?? null;
      else {
        if (last !== undefined) stream.push(last);
        stream.push(null);
      }
    },
    abort: (failure) => void opened().destroy(failure),
  });
  return whole === undefined ? opened() : whole;
}

function tooLarge(): HttpFailure {
  return new HttpFailure({ code: 'HTTP-request-body-size' });
}
