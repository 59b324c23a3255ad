import type { CoreHostFunction, GuestView } from '../component/host-interface.ts';
import type { GuestState } from './guest-state.ts';
import { type InputSource, inputStream, pollable, StreamFailure } from './io-resources.ts';
import { answering, putBytes, putCount } from './stream-results.ts';
import { afterTurn, untilDone } from './waits.ts';

/** The most that one read moves; a guest that asks for more is given less. */
export const maxReadBytes = 65_536;

/** Tells the guest what was read; `false`: nothing is there yet. */
type Attempt = (guest: GuestView, stream: InputSource, length: number, result: number) => boolean;

/** The methods of `input-stream`. */
export function inputFunctions(state: GuestState): Readonly<Record<string, CoreHostFunction>> {
  const read = createRead(state);
  const skip = createSkip(state, read.into);
  const nothing = new Uint8Array(0);

  return {
    '[method]input-stream.read': method(state, read.attempt, (guest, result) =>
      putBytes(guest, result, nothing),
    ),
    '[method]input-stream.blocking-read': method(state, read.attempt),
    '[method]input-stream.skip': method(state, skip, (guest, result) => putCount(guest, result, 0)),
    '[method]input-stream.blocking-skip': method(state, skip),
    '[method]input-stream.subscribe': {
      type: '(i32) -> (i32)',
      waits: false,
      bind: (guest) => (self: number) => {
        const source = guest.handles.get(inputStream, self);
        return guest.handles.insert(pollable, { isReady: () => hasAnswer(source), ready: source.readable });
      },
    },
  };
}

/** @param putNothing what is told when nothing is there; absent: it waits */
function method(
  { closing }: GuestState,
  attempt: Attempt,
  putNothing?: (guest: GuestView, result: number) => void,
): CoreHostFunction {
  return {
    type: '(i32 i64 i32) -> ()',
    waits: true,
    bind: (guest) => (self: number, length: bigint, result: number) => {
      const source = guest.handles.get(inputStream, self);
      const bytes = lengthOf(length);
      if (attempt(guest, source, bytes, result)) return undefined;
      if (putNothing === undefined) {
        return untilDone(guest, closing, source.readable, () => attempt(guest, source, bytes, result));
      }
      return afterTurn(guest, closing, () => {
        if (!attempt(guest, source, bytes, result)) putNothing(guest, result);
      });
    },
  };
}

function createRead({ failed }: GuestState): { readonly attempt: Attempt; readonly into: () => Uint8Array } {
  let staging: Uint8Array | undefined;
  const into = () => (staging ??= new Uint8Array(maxReadBytes));
  const attempt: Attempt = (guest, stream, length, result) =>
    answering({ failed, guest, stream, result, payloadAt: 4 }, () => {
      const moved = readSome(stream, into(), length);
      if (moved !== undefined) putBytes(guest, result, moved);
      return moved !== undefined;
    });
  return { attempt, into };
}

function createSkip({ failed }: GuestState, into: () => Uint8Array): Attempt {
  return (guest, stream, length, result) =>
    answering({ failed, guest, stream, result, payloadAt: 8 }, () => {
      const moved = readSome(stream, into(), length);
      if (moved !== undefined) putCount(guest, result, moved.length);
      return moved !== undefined;
    });
}

/** Bytes that are there now, in `room`; `undefined` when one has to wait. Throws {@link StreamFailure} at the end. */
export function readSome(source: InputSource, room: Uint8Array, length: number): Uint8Array | undefined {
  const into = room.subarray(0, length);
  const moved = length === 0 ? source.available() : source.readNow(into);
  if (moved === undefined) return undefined;
  if (moved === 0) throw StreamFailure.closed;
  return into.subarray(0, moved);
}

export function lengthOf(length: bigint): number {
  return length < 0n || length > maxReadBytes ? maxReadBytes : Number(length);
}

/** Its end and its failure are answers as well. */
function hasAnswer(source: InputSource): boolean {
  try {
    return source.available() !== undefined;
  } catch (error) {
    if (error instanceof StreamFailure) return true;
    throw error;
  }
}
