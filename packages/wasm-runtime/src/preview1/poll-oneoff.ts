import type { Input } from '../system/input.ts';
import { firstReady, longestSleepMs, type Ready } from '../system/readiness.ts';
import type { Descriptor } from './descriptor.ts';
import { type Errno, errno, errnoOf, refuse } from './errno.ts';
import { clockid, eventtype } from './flags.ts';
import type { GuestState } from './guest-state.ts';
import type { Snapshot } from './snapshot.ts';

/** More subscriptions in one call are refused with EINVAL. */
const maxSubscriptions = 4_096;
const eventBytes = 32;
/** `subclockflags`: the timeout is a time of the clock. */
const absoluteTime = 1;
/** `eventrwflags`: nothing more will come. */
const hangup = 1;

type Subscription = { readonly userdata: bigint; readonly type: number } & (
  | { readonly on: 'time'; readonly due: () => bigint }
  | { readonly on: 'descriptor'; readonly fd: number }
  | { readonly on: 'nothing'; readonly error: Errno }
);

interface Happened {
  readonly error: Errno;
  readonly bytes: bigint;
  readonly flags: number;
}

/**
 * `poll_oneoff`. Files and outputs are always ready; time, a streamed input and sockets make a guest wait. In `sync` the
 * thread sleeps; in `suspend` a promise is answered whenever something is not ready, if only for one turn of
 * the event loop, so that a guest that polls in a loop sees its input.
 */
export function pollCalls(guest: GuestState, snapshot: Snapshot) {
  const { memory, descriptors, clocks } = guest;

  function poll_oneoff(subscriptionsAt: number, eventsAt: number, count: number, result: number) {
    const number = count >>> 0;
    if (number === 0 || number > maxSubscriptions) return errno.inval;
    const events = memory.check(eventsAt, number * eventBytes);
    memory.check(result, 4);
    const subscriptions = read(memory.check(subscriptionsAt, number * snapshot.subscriptionBytes), number);
    const tell = (): number => {
      const told = put(subscriptions, events);
      if (told > 0) memory.setU32(result, told);
      return told;
    };

    const told = tell();
    if (told === number) return errno.success;
    if (guest.waiting === 'suspend') return suspend(subscriptions, told > 0, tell);
    if (told > 0) return errno.success;
    do guest.sleep(untilDueMs(subscriptions));
    while (tell() === 0);
    return errno.success;
  }

  /** @param somethingReady so one turn of the event loop is enough */
  async function suspend(
    subscriptions: readonly Subscription[],
    somethingReady: boolean,
    tell: () => number,
  ): Promise<number> {
    const sources: Ready[] = [];
    for (const { on, ...subscription } of subscriptions) {
      if (on !== 'descriptor' || !('fd' in subscription)) continue;
      const descriptor = descriptors.find(subscription.fd);
      const source = descriptor && sourceOf(descriptor, subscription.type);
      if (source !== undefined) sources.push(source);
    }
    if (somethingReady) await firstReady(sources, 0, guest.closing);
    while (tell() === 0) await firstReady(sources, untilDueMs(subscriptions), guest.closing);
    return errno.success;
  }

  function read(from: number, number: number): readonly Subscription[] {
    const view = memory.view();
    return Array.from({ length: number }, (_, index) => {
      const at = from + index * snapshot.subscriptionBytes;
      const userdata = view.getBigUint64(at, true);
      const type = view.getUint8(at + 8);
      switch (type) {
        case eventtype.clock:
          return { userdata, type, ...timeOf(view, at + snapshot.clockOffset) };
        case eventtype.fdRead:
        case eventtype.fdWrite:
          return { userdata, type, on: 'descriptor' as const, fd: view.getUint32(at + 16, true) };
        default:
          return refuse(errno.inval);
      }
    });
  }

  function timeOf(view: DataView, at: number) {
    const id = view.getUint32(at, true);
    const timeout = view.getBigUint64(at + 8, true);
    const absolute = (view.getUint16(at + 24, true) & absoluteTime) !== 0;
    if (id > clockid.threadCputime) return { on: 'nothing' as const, error: errno.inval };
    if (id > clockid.monotonic) return { on: 'nothing' as const, error: errno.notsup };
    if (absolute && id === clockid.realtime) {
      return { on: 'time' as const, due: () => timeout - clocks.realtime() };
    }
    const deadline = absolute ? timeout : clocks.monotonic() + timeout;
    return { on: 'time' as const, due: () => deadline - clocks.monotonic() };
  }

  /** Writes the events of what is ready and tells their number. */
  function put(subscriptions: readonly Subscription[], events: number): number {
    const view = memory.view();
    let told = 0;
    for (const subscription of subscriptions) {
      const happened = look(subscription);
      if (happened === undefined) continue;
      const at = events + told * eventBytes;
      view.setBigUint64(at, subscription.userdata, true);
      view.setUint32(at + 8, happened.error, true);
      view.setUint8(at + 10, subscription.type);
      view.setBigUint64(at + 16, happened.bytes, true);
      view.setBigUint64(at + 24, BigInt(happened.flags), true);
      told += 1;
    }
    return told;
  }

  function look(subscription: Subscription): Happened | undefined {
    switch (subscription.on) {
      case 'nothing':
        return { error: subscription.error, bytes: 0n, flags: 0 };
      case 'time':
        return subscription.due() <= 0n ? simply : undefined;
      case 'descriptor': {
        const descriptor = descriptors.find(subscription.fd);
        if (descriptor === undefined) return { error: errno.badf, bytes: 0n, flags: 0 };
        return subscription.type === eventtype.fdRead ? readable(descriptor) : writableOf(descriptor);
      }
      default:
        return subscription satisfies never;
    }
  }

  return { poll_oneoff };
}

const simply: Happened = { error: errno.success, bytes: 0n, flags: 0 };
const writable: Happened = { error: errno.success, bytes: 1n, flags: 0 };

/** What makes a guest wait that asks for a descriptor. */
function sourceOf(descriptor: Descriptor, type: number): Ready | undefined {
  if (type === eventtype.fdWrite) {
    return descriptor.kind === 'connection' ? descriptor.connection.writable : undefined;
  }
  if (descriptor.kind === 'listener') return descriptor.listener.acceptable;
  return 'input' in descriptor ? descriptor.input.readable : undefined;
}

function writableOf(descriptor: Descriptor): Happened | undefined {
  return descriptor.kind === 'connection' && !descriptor.connection.canWrite ? undefined : writable;
}

function readable(descriptor: Descriptor): Happened | undefined {
  if (descriptor.kind === 'listener') {
    const { pending } = descriptor.listener;
    return pending === 0 ? undefined : { error: errno.success, bytes: BigInt(pending), flags: 0 };
  }
  if ('input' in descriptor) return readableInput(descriptor.input);
  if (descriptor.kind !== 'file') return writable;
  const left = descriptor.file.stat().size - descriptor.file.tell();
  return { error: errno.success, bytes: left > 0n ? left : 0n, flags: 0 };
}

function readableInput(input: Input): Happened | undefined {
  try {
    const bytes = input.available();
    if (bytes === undefined) return undefined;
    return { error: errno.success, bytes: BigInt(bytes), flags: bytes === 0 ? hangup : 0 };
  } catch (error) {
    return { error: errnoOf(error), bytes: 0n, flags: 0 };
  }
}

/** Until the first time is due: 0 when one already is, infinite without any. */
function untilDueMs(subscriptions: readonly Subscription[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const subscription of subscriptions) {
    if (subscription.on === 'time') least = Math.min(least, Number(subscription.due()) / 1e6);
  }
  return least === Number.POSITIVE_INFINITY ? least : Math.min(Math.max(least, 0), longestSleepMs);
}
