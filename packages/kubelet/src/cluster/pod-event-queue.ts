import type { PodEvent } from './cluster.ts';

/**
 * Pod events on their way to one reader. Changes that the reader has not taken yet are merged per uid, so
 * the queue never holds more than one entry per pod and a slow reader sees the latest state.
 */
export interface PodEventQueue extends AsyncIterable<PodEvent> {
  push(event: PodEvent): void;
  /** Ends the iteration; with an error, the reader's next step rejects with it. */
  end(error?: Error): void;
}

export function createPodEventQueue(): PodEventQueue {
  let waiting: PodEvent[] = [];
  let wake: (() => void) | undefined;
  let state: { readonly ended: false } | { readonly ended: true; readonly error?: Error } = { ended: false };

  return {
    push(event) {
      if (state.ended) return;
      waiting = merge(waiting, event);
      wake?.();
    },
    end(error) {
      if (!state.ended) state = error === undefined ? { ended: true } : { ended: true, error };
      wake?.();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const next = waiting.shift();
        if (next !== undefined) {
          yield next;
          continue;
        }
        if (state.ended) {
          if (state.error !== undefined) throw state.error;
          return;
        }
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
        wake = undefined;
      }
    },
  };
}

function merge(waiting: PodEvent[], event: PodEvent): PodEvent[] {
  if (event.type === 'synced') {
    return [...waiting.filter((earlier) => earlier.type !== 'synced'), event];
  }
  const { uid } = event.pod.metadata;
  const index = waiting.findIndex((earlier) => earlier.type !== 'synced' && earlier.pod.metadata.uid === uid);
  const earlier = waiting[index];
  if (earlier === undefined) return [...waiting, event];
  if (event.type === 'deleted') {
    const rest = waiting.toSpliced(index, 1);
    return earlier.type === 'added' ? rest : [...rest, event];
  }
  return waiting.with(index, earlier.type === 'added' ? { type: 'added', pod: event.pod } : event);
}
