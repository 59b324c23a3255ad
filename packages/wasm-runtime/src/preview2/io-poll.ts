import type { CoreHostFunction, GuestView, HostInterface } from '../component/host-interface.ts';
import { firstReady } from '../system/readiness.ts';
import type { GuestState } from './guest-state.ts';
import { ioError, type Pollable, pollable } from './io-resources.ts';
import { TimePollable } from './time-pollable.ts';
import { afterTurn, cannotSuspend } from './waits.ts';
import { version } from './version.ts';

/** More in one call trap. */
const maxPolled = 4_096;
const listBytes = 8;

/** `wasi:io/error` and `wasi:io/poll`. */
export function pollInterfaces(state: GuestState): readonly HostInterface[] {
  return [
    {
      name: 'wasi:io/error',
      version,
      resources: { error: ioError },
      functions: {
        '[method]error.to-debug-string': {
          type: '(i32 i32) -> ()',
          waits: false,
          bind: (guest) => (self: number, result: number) => {
            guest.storeString(result, guest.handles.get(ioError, self).message);
          },
        },
      },
    },
    {
      name: 'wasi:io/poll',
      version,
      resources: { pollable },
      functions: {
        poll: poll(state),
        '[method]pollable.ready': ready(state),
        '[method]pollable.block': block(state),
      },
    },
  ];
}

/**
 * Answers at once when all are ready; else, where the guest can wait, after one turn of the event loop at the least, so
 * that one that polls in a loop sees what arrives.
 */
function poll(state: GuestState): CoreHostFunction {
  return {
    type: '(i32 i32 i32) -> ()',
    waits: true,
    bind: (guest) => (list: number, length: number, result: number) => {
      const count = length >>> 0;
      if (count === 0) guest.trap('poll of nothing: nothing would ever be ready');
      if (count > maxPolled) guest.trap(`poll of ${count} pollables; at most ${maxPolled} are taken`);
      const polled = readPollables(guest, list, count);
      const told = readyOf(polled);
      if (told.length === count || (told.length > 0 && guest.waiting === 'sync')) {
        return putIndices(guest, result, told);
      }
      return waitForAny(state, guest, polled, told.length > 0, () => {
        const now = readyOf(polled);
        if (now.length > 0) putIndices(guest, result, now);
        return now.length > 0;
      });
    },
  };
}

function ready({ closing }: GuestState): CoreHostFunction {
  return {
    type: '(i32) -> (i32)',
    waits: true,
    bind: (guest) => (self: number) => {
      const asked = guest.handles.get(pollable, self);
      if (asked.isReady()) return 1;
      if (guest.waiting === 'sync') return 0;
      return firstReady([], 0, closing).then(() => Number(asked.isReady()));
    },
  };
}

function block(state: GuestState): CoreHostFunction {
  return {
    type: '(i32) -> ()',
    waits: true,
    bind: (guest) => (self: number) => {
      const awaited = guest.handles.get(pollable, self);
      if (awaited.isReady()) return undefined;
      return waitForAny(state, guest, [awaited], false, () => awaited.isReady());
    },
  };
}

/** Until `done`. `turn`: one turn of the event loop is enough, for `done` is so already. */
function waitForAny(
  state: GuestState,
  guest: GuestView,
  polled: readonly Pollable[],
  turn: boolean,
  done: () => boolean,
): void | Promise<void> {
  if (turn) return afterTurn(guest, state.closing, () => void done());
  if (guest.waiting === 'suspend') return suspend(state, polled, done);
  do {
    const untilMs = nextTimeMs(polled);
    if (untilMs === Number.POSITIVE_INFINITY) throw cannotSuspend();
    state.sleep(untilMs);
  } while (!done());
  return undefined;
}

async function suspend(
  { closing }: GuestState,
  polled: readonly Pollable[],
  done: () => boolean,
): Promise<void> {
  const sources = polled.filter((each) => !(each instanceof TimePollable)).map((each) => each.ready);
  for (;;) {
    await firstReady(sources, nextTimeMs(polled), closing);
    if (done()) return;
    // Woken for nothing: what is waited for may need the event loop.
    await firstReady([], 0, closing);
  }
}

function nextTimeMs(polled: readonly Pollable[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const each of polled) if (each instanceof TimePollable) least = Math.min(least, each.leftMs());
  return least;
}

function readPollables(guest: GuestView, list: number, count: number): readonly Pollable[] {
  const start = guest.check(list, count * 4, 4);
  const view = guest.view();
  const polled: Pollable[] = [];
  for (let at = start; at < start + count * 4; at += 4) {
    polled.push(guest.handles.get(pollable, view.getUint32(at, true)));
  }
  return polled;
}

function readyOf(polled: readonly Pollable[]): readonly number[] {
  const indices: number[] = [];
  for (const [index, each] of polled.entries()) if (each.isReady()) indices.push(index);
  return indices;
}

function putIndices(guest: GuestView, result: number, indices: readonly number[]): void {
  const list = guest.allocate(indices.length * 4, 4);
  const at = guest.check(result, listBytes, 4);
  const view = guest.view();
  for (const [index, value] of indices.entries()) view.setUint32(list + index * 4, value, true);
  view.setUint32(at, list, true);
  view.setUint32(at + 4, indices.length, true);
}
