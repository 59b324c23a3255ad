import type { CoreHostFunction, GuestView } from '../component/host-interface.ts';
import type { GuestState } from './guest-state.ts';
import { lengthOf, maxReadBytes, readSome } from './input-functions.ts';
import {
  type InputSource,
  inputStream,
  type OutputSink,
  outputStream,
  StreamFailure,
} from './io-resources.ts';
import { answering, putCount } from './stream-results.ts';
import { afterTurn, untilDone } from './waits.ts';

/** `splice` and `blocking-splice` of `output-stream`: bytes go from one stream to the other past the guest. */
export function spliceFunctions({ closing, failed }: GuestState): Readonly<Record<string, CoreHostFunction>> {
  let staging: Uint8Array | undefined;

  /** Moves what can be moved now; the stream that one has to wait for. */
  function move(sink: OutputSink, source: InputSource, length: number): number | 'sink' | 'source' {
    const room = sink.room();
    if (room === 0) return 'sink';
    if (length === 0) return 0;
    const moved = readSome(source, (staging ??= new Uint8Array(maxReadBytes)), Math.min(room, length));
    if (moved === undefined) return 'source';
    sink.write(moved);
    return moved.length;
  }

  function bindMethod(guest: GuestView, blocking: boolean) {
    return (self: number, from: number, length: bigint, result: number): void | Promise<void> => {
      const sink = guest.handles.get(outputStream, self);
      const source = guest.handles.get(inputStream, from);
      let awaited: 'sink' | 'source' = 'sink';
      const attempt = () =>
        answering({ failed, guest, stream: sink, result, payloadAt: 8 }, () => {
          if (failed.has(source)) throw StreamFailure.closed;
          const moved = move(sink, source, lengthOf(length));
          if (typeof moved === 'number') putCount(guest, result, moved);
          else awaited = moved;
          return typeof moved === 'number';
        });
      if (attempt()) return undefined;
      if (!blocking) {
        return afterTurn(guest, closing, () => {
          if (!attempt()) putCount(guest, result, 0);
        });
      }
      const ready = (signal: AbortSignal) =>
        awaited === 'sink' ? sink.writable(signal) : source.readable(signal);
      return untilDone(guest, closing, ready, attempt);
    };
  }

  const method = (blocking: boolean): CoreHostFunction => ({
    type: '(i32 i32 i64 i32) -> ()',
    waits: true,
    bind: (guest) => bindMethod(guest, blocking),
  });
  return {
    '[method]output-stream.splice': method(false),
    '[method]output-stream.blocking-splice': method(true),
  };
}
