import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Clock } from '../node/clock.ts';

/** Tells that something happened to a run's files. */
export interface LogWatch extends Disposable {
  /** Resolves at once if something has happened since it last resolved, else when it does. */
  changed(options: { readonly signal: AbortSignal | undefined }): Promise<void>;
  /** Makes {@link LogWatch.changed} resolve. */
  readonly wake: () => void;
}

/** Watches the directory, as the file itself is renamed by rotation. */
export function watchLog(path: string, clock: Clock): LogWatch {
  let dirty = false;
  let notify: (() => void) | undefined;
  const wake = (): void => {
    dirty = true;
    notify?.();
  };
  const watcher = openWatcher(path, wake);

  return {
    wake,
    async changed({ signal }) {
      if (!dirty) {
        const done = new AbortController();
        const ended = signal === undefined ? done.signal : AbortSignal.any([signal, done.signal]);
        const waits: Promise<void>[] = [
          new Promise((resolve, reject) => {
            notify = resolve;
            signal?.addEventListener('abort', () => reject(signal.reason as Error), { signal: done.signal });
            if (signal?.aborted) reject(signal.reason as Error);
          }),
        ];
        if (!watcher.works) waits.push(clock.sleep(fallbackMs, { signal: ended }));
        try {
          await Promise.race(waits);
        } finally {
          notify = undefined;
          done.abort();
          await Promise.allSettled(waits.slice(1));
        }
      }
      dirty = false;
    },
    [Symbol.dispose]() {
      watcher.close();
    },
  };
}

/** Without file events (none left, a file system without them), how late a line may be seen. */
const fallbackMs = 1_000;

function openWatcher(path: string, onChange: () => void): { readonly works: boolean; close(): void } {
  const current = basename(path);
  try {
    let works = true;
    const watcher = watch(dirname(path), (_event, name) => {
      if (name === null || name.startsWith(current)) onChange();
    });
    watcher.on('error', () => {
      works = false;
      onChange();
    });
    return {
      get works() {
        return works;
      },
      close: () => watcher.close(),
    };
  } catch {
    return { works: false, close() {} };
  }
}
