import type { CoreHostFunction, GuestView } from '../component/host-interface.ts';
import type { GuestState } from './guest-state.ts';
import { type OutputSink, outputStream, pollable, StreamFailure } from './io-resources.ts';
import { answering, putCount, putDone } from './stream-results.ts';
import { afterTurn, untilDone } from './waits.ts';

/** The most that the blocking writes take. */
const maxBlockingBytes = 4_096;
const zeroes = new Uint8Array(65_536);
const zeroesBetween = (from: number, to: number): Uint8Array => zeroes.subarray(from, to);

/** The methods of `output-stream`, but those that splice. */
export function outputFunctions(state: GuestState): Readonly<Record<string, CoreHostFunction>> {
  const { failed } = state;
  return {
    '[method]output-stream.check-write': checkWrite(state),
    '[method]output-stream.write': {
      type: '(i32 i32 i32 i32) -> ()',
      waits: false,
      bind: (guest) => (self: number, pointer: number, length: number, result: number) => {
        const stream = guest.handles.get(outputStream, self);
        answering({ failed, guest, stream, result, payloadAt: 4 }, () => {
          const bytes = guest.span(pointer, length);
          requireRoom(guest, stream, bytes.length);
          if (bytes.length > 0) stream.write(bytes);
          putDone(guest, result);
        });
      },
    },
    '[method]output-stream.write-zeroes': {
      type: '(i32 i64 i32) -> ()',
      waits: false,
      bind: (guest) => (self: number, length: bigint, result: number) => {
        const stream = guest.handles.get(outputStream, self);
        answering({ failed, guest, stream, result, payloadAt: 4 }, () => {
          const count = Number(BigInt.asUintN(64, length));
          requireRoom(guest, stream, count);
          writeZeroes(stream, count);
          putDone(guest, result);
        });
      },
    },
    '[method]output-stream.flush': {
      type: '(i32 i32) -> ()',
      waits: false,
      bind: (guest) => (self: number, result: number) => {
        const stream = guest.handles.get(outputStream, self);
        answering({ failed, guest, stream, result, payloadAt: 4 }, () => {
          stream.flush();
          putDone(guest, result);
        });
      },
    },
    '[method]output-stream.blocking-flush': {
      type: '(i32 i32) -> ()',
      waits: true,
      bind: (guest) => (self: number, result: number) => {
        const stream = guest.handles.get(outputStream, self);
        const flushed = () =>
          answering(
            { failed, guest, stream, result, payloadAt: 4 },
            () => stream.room() > 0 && told(guest, result),
          );
        const begun = answering({ failed, guest, stream, result, payloadAt: 4 }, () => {
          stream.flush();
        });
        if (begun === true || flushed()) return undefined;
        return untilDone(guest, state.closing, stream.writable, flushed);
      },
    },
    '[method]output-stream.blocking-write-and-flush': {
      type: '(i32 i32 i32 i32) -> ()',
      waits: true,
      bind: (guest) => (self: number, pointer: number, length: number, result: number) => {
        const stream = guest.handles.get(outputStream, self);
        requireFew(guest, length >>> 0);
        guest.check(pointer, length >>> 0);
        const bytes = (from: number, to: number) => guest.bytes().subarray(from, to);
        return writeAll(state, guest, stream, { from: pointer >>> 0, length: length >>> 0, bytes }, result);
      },
    },
    '[method]output-stream.blocking-write-zeroes-and-flush': {
      type: '(i32 i64 i32) -> ()',
      waits: true,
      bind: (guest) => (self: number, length: bigint, result: number) => {
        const stream = guest.handles.get(outputStream, self);
        const count = Number(BigInt.asUintN(64, length));
        requireFew(guest, count);
        return writeAll(state, guest, stream, { from: 0, length: count, bytes: zeroesBetween }, result);
      },
    },
    '[method]output-stream.subscribe': {
      type: '(i32) -> (i32)',
      waits: false,
      bind: (guest) => (self: number) => {
        const stream = guest.handles.get(outputStream, self);
        return guest.handles.insert(pollable, { isReady: () => hasAnswer(stream), ready: stream.writable });
      },
    },
  };
}

function checkWrite({ closing, failed }: GuestState): CoreHostFunction {
  return {
    type: '(i32 i32) -> ()',
    waits: true,
    bind: (guest) => (self: number, result: number) => {
      const stream = guest.handles.get(outputStream, self);
      const look = (mayBeNothing: boolean) =>
        answering({ failed, guest, stream, result, payloadAt: 8 }, () => {
          const room = stream.room();
          if (room === 0 && !mayBeNothing) return false;
          putCount(guest, result, room);
          return true;
        });
      return look(false) ? undefined : afterTurn(guest, closing, () => void look(true));
    },
  };
}

/** Bytes to write, and how a part of them is looked at: the guest's memory may have moved after a wait. */
interface Written {
  readonly from: number;
  readonly length: number;
  readonly bytes: (from: number, to: number) => Uint8Array;
}

function writeAll(
  { closing, failed }: GuestState,
  guest: GuestView,
  stream: OutputSink,
  { from, length, bytes }: Written,
  result: number,
): void | Promise<void> {
  let at = from;
  const end = from + length;
  let flushing = false;
  const act = (): boolean =>
    answering({ failed, guest, stream, result, payloadAt: 4 }, () => {
      while (!flushing) {
        const room = stream.room();
        if (room === 0) return false;
        const upTo = Math.min(end, at + room);
        if (upTo > at) stream.write(bytes(at, upTo));
        at = upTo;
        if (at === end) {
          flushing = true;
          unlessClosed(() => stream.flush());
        }
      }
      return unlessClosed(() => stream.room()) !== 0 && told(guest, result);
    });
  return act() ? undefined : untilDone(guest, closing, stream.writable, act);
}

/** What was written is written, if the stream closes on it or not. */
function unlessClosed<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof StreamFailure && error.error === undefined) return undefined;
    throw error;
  }
}

function told(guest: GuestView, result: number): true {
  putDone(guest, result);
  return true;
}

function requireFew(guest: GuestView, bytes: number): void {
  if (bytes > maxBlockingBytes) {
    guest.trap(`a blocking write of ${bytes} bytes; at most ${maxBlockingBytes} are taken`);
  }
}

function requireRoom(guest: GuestView, stream: OutputSink, bytes: number): void {
  const room = stream.room();
  if (bytes > room) guest.trap(`a write of ${bytes} bytes, where check-write permits ${room}`);
}

function writeZeroes(stream: OutputSink, count: number): void {
  for (let left = count; left > 0; left -= zeroes.length) {
    stream.write(zeroes.subarray(0, Math.min(left, zeroes.length)));
  }
}

/** Its end and its failure are answers as well. */
function hasAnswer(stream: OutputSink): boolean {
  try {
    return stream.room() > 0;
  } catch (error) {
    if (error instanceof StreamFailure) return true;
    throw error;
  }
}
