import { createHash } from 'node:crypto';
import { OciError } from '../errors.ts';

/** One stream of content out of several attempts at it: each goes on where the last one ended. */
export interface Continuation {
  /** Gives what has not been given yet; the beginning must be what was given, or it rejects with `DIGEST_MISMATCH`. */
  from(content: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array, void, undefined>;
}

export function createContinuation(): Continuation {
  const given = createHash('sha256');
  let length = 0;
  return {
    async *from(content, name) {
      const before = length;
      const wanted = before === 0 ? '' : given.copy().digest('hex');
      const seen = createHash('sha256');
      let skipped = 0;
      for await (const chunk of content) {
        const skip = Math.min(chunk.length, before - skipped);
        if (skip > 0) {
          seen.update(chunk.subarray(0, skip));
          skipped += skip;
          if (skipped === before && seen.copy().digest('hex') !== wanted) throw differs(name);
        }
        const rest = chunk.subarray(skip);
        if (rest.length === 0) continue;
        given.update(rest);
        length += rest.length;
        yield rest;
      }
      if (skipped < before) throw differs(name);
    },
  };
}

function differs(name: string): OciError {
  const problem = 'has other content under the same digest than a mirror that was read before it; try again';
  return new OciError('DIGEST_MISMATCH', `registry ${name} ${problem}`, { host: name });
}
