import type { InputSource } from '../../preview1/preview1.ts';
import { creditStep } from '../wire/flow.ts';

/** stdin as it comes over the wire. */
export interface StdinSource {
  readonly source: InputSource & { readonly kind: 'stream' };
  push(bytes: Uint8Array): void;
  end(): void;
}

/** @param onTaken tells now and then how many bytes the guest has read, so that as many more may be sent */
export function createStdinSource(onTaken: (bytes: number) => void): StdinSource {
  const chunks: Uint8Array[] = [];
  let taken = 0;
  let ended = false;
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  return {
    source: {
      kind: 'stream',
      readNow(into) {
        const first = chunks[0];
        if (first === undefined) return ended ? 0 : undefined;
        const part = first.subarray(0, into.length);
        into.set(part);
        if (part.length === first.length) chunks.shift();
        else chunks[0] = first.subarray(part.length);
        taken += part.length;
        if (taken >= creditStep) {
          onTaken(taken);
          taken = 0;
        }
        return part.length;
      },
      readable(signal) {
        if (chunks.length > 0 || ended) return Promise.resolve();
        return new Promise((resolve, reject) => {
          const settle = (): void => {
            signal?.removeEventListener('abort', abort);
            resolve();
          };
          const abort = (): void => {
            waiting.delete(settle);
            reject(signal?.reason as Error);
          };
          waiting.add(settle);
          signal?.addEventListener('abort', abort, { once: true });
        });
      },
    },
    push(bytes) {
      if (bytes.length > 0) chunks.push(bytes);
      wake();
    },
    end() {
      ended = true;
      wake();
    },
  };
}
