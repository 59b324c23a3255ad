import type { CoreHostFunction, GuestView, HostInterface } from '../component/host-interface.ts';
import type { GuestState } from './guest-state.ts';
import { pollable } from './io-resources.ts';
import { TimePollable } from './time-pollable.ts';
import { version } from './version.ts';

const billion = 1_000_000_000n;
/** Nanoseconds. */
const wallResolution = 1_000n;

/** `wasi:clocks`: the wall clock, the monotonic clock, and a time zone, which is UTC. */
export function clockInterfaces({ clocks }: Pick<GuestState, 'clocks'>): readonly HostInterface[] {
  return [
    {
      name: 'wasi:clocks/wall-clock',
      version,
      functions: {
        now: datetime(() => clocks.realtime()),
        resolution: datetime(() => wallResolution),
      },
    },
    {
      name: 'wasi:clocks/monotonic-clock',
      version,
      functions: {
        now: { type: '() -> (i64)', waits: false, bind: () => () => clocks.monotonic() },
        resolution: { type: '() -> (i64)', waits: false, bind: () => () => 1n },
        'subscribe-instant': subscribe((when) => new TimePollable(when, clocks)),
        'subscribe-duration': subscribe((length) => new TimePollable(clocks.monotonic() + length, clocks)),
      },
    },
    {
      name: 'wasi:clocks/timezone',
      version,
      functions: {
        display: {
          type: '(i64 i32 i32) -> ()',
          waits: false,
          bind: (guest) => (_seconds: bigint, _nanoseconds: number, result: number) => {
            const at = guest.check(result, 16, 4);
            guest.storeString(at + 4, 'UTC');
            guest.view().setInt32(at, 0, true);
            guest.view().setUint8(at + 12, 0);
          },
        },
        'utc-offset': { type: '(i64 i32) -> (i32)', waits: false, bind: () => () => 0 },
      },
    },
  ];
}

function datetime(nanoseconds: () => bigint): CoreHostFunction {
  return {
    type: '(i32) -> ()',
    waits: false,
    bind: (guest) => (result: number) => putDatetime(guest, guest.check(result, 16, 8), nanoseconds()),
  };
}

/** `at` has been checked. */
export function putDatetime(guest: GuestView, at: number, nanoseconds: bigint): void {
  const view = guest.view();
  view.setBigUint64(at, nanoseconds / billion, true);
  view.setUint32(at + 8, Number(nanoseconds % billion), true);
}

function subscribe(pollableOf: (nanoseconds: bigint) => TimePollable): CoreHostFunction {
  return {
    type: '(i64) -> (i32)',
    waits: false,
    bind: (guest) => (nanoseconds: bigint) =>
      guest.handles.insert(pollable, pollableOf(BigInt.asUintN(64, nanoseconds))),
  };
}
