import { createPlaceInbox, type GuestPlace, type PlaceEnd, type PlaceInbox } from '../guest-place.ts';
import { type HostProcessOptions, startHostProcess } from '../host-process.ts';
import type { SandboxUser } from '../sandbox-users.ts';
import { startTimeout } from '../timeout.ts';
import type { DaemonMessage } from '../wire/messages.ts';
import { parseSeatGone } from '../wire/seat-messages.ts';
import { killTimeoutMs } from './guest-worker.ts';

/** A process that runs many guests of one group, each in a thread. */
export interface ThreadHost {
  /** Starts a thread for one guest. `waits`: it will wait, so it may take its time to get fast. */
  openSeat(options: { waits: boolean }): GuestPlace;
  /** Threads that are there, waiting ones included. */
  readonly seats: number;
  /** Threads that have been started in its life. */
  readonly opened: number;
  readonly gone: Promise<PlaceEnd>;
  kill(): void;
}

export interface ThreadHostOptions extends HostProcessOptions {
  /** Whose guests these are, for the process title. */
  readonly group: string;
  readonly user: SandboxUser | undefined;
}

/** What the entry of the process is told. */
export interface ThreadHostArgument {
  readonly hostModules: readonly string[];
  readonly group: string;
  readonly user: SandboxUser | null;
}

/** Throws {@link RuntimeError} `HOST_FAILED` where no process can be made. */
export function startThreadHost({ group, user, ...options }: ThreadHostOptions): ThreadHost {
  const seats = new Map<number, Seat>();
  let opened = 0;
  const host = startHostProcess<never>(options, {
    tier: 'thread',
    argument: {
      hostModules: options.hostModules,
      group: group.slice(0, maxGroupTitle),
      user: user ?? null,
    } satisfies ThreadHostArgument,
    onFrame(frame) {
      const seat = seats.get(frame.seat);
      if (seat === undefined) throw new TypeError('a frame of a guest that is not there');
      if (frame.kind === 'seat') leave(frame.seat, parseSeatGone(JSON.parse(frame.text)));
      else seat.inbox.take(frame);
    },
  });
  const leave = (number: number, end: PlaceEnd): void => {
    const seat = seats.get(number);
    seats.delete(number);
    seat?.leave(end);
  };
  void host.gone.then(({ how }) => {
    // Whoever has filled the heap: for the others it is the guest host that is gone.
    for (const number of seats.keys()) leave(number, { how, heapFull: false });
  });

  return {
    openSeat({ waits }) {
      opened += 1;
      const number = opened;
      const wire = host.wire.seat<DaemonMessage>(number);
      const seat = createSeat();
      seats.set(number, seat);
      wire.sendOfSeat({ tag: 'open', rehearse: waits });
      let killed = false;
      let stopTimeout: (() => void) | undefined;
      void seat.gone.then(() => stopTimeout?.());
      return {
        pid: host.pid,
        wire,
        requestModule: (key, bytes) => wire.sendOfSeat({ tag: 'module', key, bytes }),
        ready: seat.inbox.ready,
        gone: seat.gone,
        listen: (listener) => seat.inbox.listen(listener),
        kill() {
          if (killed || !seats.has(number)) return;
          killed = true;
          wire.sendOfSeat({ tag: 'kill' });
          // Nothing foreign is there yet, and the process may itself be starting: nobody has to wait for that.
          if (!seat.isReady()) seat.leave({ how: 'killed before it was ready', heapFull: false });
          // A thread that does not end takes the process, and its neighbours, with it.
          else stopTimeout = startTimeout(killTimeoutMs, () => host.kill());
        },
      };
    },
    get seats() {
      return seats.size;
    },
    get opened() {
      return opened;
    },
    gone: host.gone,
    kill: () => host.kill(),
  };
}

const maxGroupTitle = 200;

interface Seat {
  readonly inbox: PlaceInbox;
  readonly gone: Promise<PlaceEnd>;
  isReady(): boolean;
  /** For those who wait; the guest host may still have a last word to say of it. */
  leave(end: PlaceEnd): void;
}

function createSeat(): Seat {
  const inbox = createPlaceInbox();
  const { promise: gone, resolve } = Promise.withResolvers<PlaceEnd>();
  let ready = false;
  inbox.ready.then(
    () => {
      ready = true;
    },
    () => {},
  );
  return {
    inbox,
    gone,
    isReady: () => ready,
    leave(end) {
      inbox.close(end);
      resolve(end);
    },
  };
}
