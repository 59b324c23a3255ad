import type { Clock } from '../node/clock.ts';
import { systemClock } from '../node/clock.ts';
import type { AbortOptions } from '../provider.ts';
import { createLogOutput } from './log-output.ts';
import type { LogOutput } from './log-output.ts';
import type { LogSelection } from './log-selection.ts';
import { watchLog } from './log-watch.ts';
import { closeAll, openNewerFiles, openRunFiles } from './run-files.ts';
import type { RunFile } from './run-files.ts';
import { createRunReader } from './run-reader.ts';
import type { RunReader } from './run-reader.ts';
import { findTailStart } from './tail-start.ts';

export interface ReadLogOptions extends LogSelection, AbortOptions {
  /** Path of the run's current file, see `logPath`. */
  readonly path: string;
  /**
   * Goes on with what is written until this settles (the run has ended) and all is delivered; absent: reads
   * what is there.
   */
  readonly followUntil?: Promise<void>;
  /** @default the machine's clock */
  readonly clock?: Clock;
}

/**
 * Reads the log of one run, rotated files included, in chunks of about 64 KiB or one line; nothing is read
 * ahead of the consumer. A run that has written nothing has an empty log. Following survives rotation and
 * holds one watcher, which goes when the generator ends, in whatever way. Rejects with the signal's reason.
 */
export async function* readLog(options: ReadLogOptions): AsyncGenerator<Uint8Array, void, undefined> {
  const { path, followUntil, signal, clock = systemClock } = options;
  signal?.throwIfAborted();
  if (options.limitBytes === 0) return;
  const output = createLogOutput(options);
  // Before the first read, so that nothing can happen in between.
  using watch = followUntil === undefined ? undefined : watchLog(path, clock);
  const run = noteEnd(followUntil, watch?.wake);
  await using log = await openLog(path, options);
  for (;;) {
    const ended = run.ended;
    for await (const chunk of log.rest(output)) {
      yield chunk;
      signal?.throwIfAborted();
    }
    if (output.full || watch === undefined || ended) break;
    await watch.changed({ signal });
  }
  log.finish(output);
  const last = output.take();
  if (last.length > 0) yield last;
}

/** A flag for the end of the run, as a promise cannot be asked. */
function noteEnd(
  end: Promise<void> | undefined,
  wake: (() => void) | undefined,
): { readonly ended: boolean } {
  const run = { ended: false };
  const onEnd = (): void => {
    run.ended = true;
    wake?.();
  };
  end?.then(onEnd, onEnd);
  return run;
}

interface OpenLog extends AsyncDisposable {
  /** What has not been read yet, up to the present end. */
  rest(output: LogOutput): AsyncGenerator<Buffer>;
  /** Passes on an unfinished last line. */
  finish(output: LogOutput): void;
}

async function openLog(path: string, { tailLines, stream = 'All' }: LogSelection): Promise<OpenLog> {
  let reader: RunReader | undefined;
  let waiting: RunReader[] = [];

  const add = (files: readonly RunFile[], offset: (index: number) => number): void => {
    waiting.push(...files.map((file, index) => createRunReader(file, offset(index))));
  };
  const next = async (): Promise<void> => {
    await reader?.file.handle.close();
    reader = waiting.shift();
  };
  const close = async (): Promise<void> => {
    const open = reader === undefined ? waiting : [reader, ...waiting];
    reader = undefined;
    waiting = [];
    await closeAll(open.map(({ file }) => file));
  };

  const files = await openRunFiles(path);
  add(files, () => 0);
  if (tailLines !== undefined) {
    try {
      const start = await findTailStart(files, tailLines, stream);
      await closeAll(files.slice(0, start.file));
      waiting = [];
      add(files.slice(start.file), (index) => (index === 0 ? start.offset : 0));
    } catch (error) {
      await close();
      throw error;
    }
  }

  return {
    async *rest(output) {
      for (;;) {
        if (reader !== undefined) yield* chunks(reader, output);
        if (output.full) return;
        if (waiting.length === 0) add(await openNewerFiles(path, reader?.file), () => 0);
        if (waiting.length === 0) return;
        // Rotated in the meantime: what was written before that comes first.
        if (reader !== undefined) yield* chunks(reader, output);
        reader?.finish(output, false);
        await next();
      }
    },
    finish: (output) => reader?.finish(output, true),
    [Symbol.asyncDispose]: close,
  };
}

async function* chunks(reader: RunReader, output: LogOutput): AsyncGenerator<Buffer> {
  const blocks = reader.drain(output);
  while (!(await blocks.next()).done) {
    const chunk = output.take();
    if (chunk.length > 0) yield chunk;
  }
}
