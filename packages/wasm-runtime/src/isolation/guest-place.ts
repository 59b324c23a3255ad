import { RuntimeError } from '../errors.ts';
import type { Frame } from './wire/frames.ts';
import { type DaemonMessage, type HostMessage, parseHostMessage } from './wire/messages.ts';
import type { Wire } from './wire/wire.ts';

/** Where one guest runs, as the application sees it: a process of its own, or a thread somewhere. */
export interface GuestPlace {
  /** Of the process that the guest is in. */
  readonly pid: number;
  readonly wire: Wire<DaemonMessage>;
  /**
   * Of one that shares modules among guests: tells it which module its guest needs, by a key that is the same for the
   * same bytes and passes. It asks for the bytes where no guest has had that one compiled.
   */
  readonly requestModule?: (key: string, bytes: number) => void;
  /** Settles when it is loaded; rejects with {@link RuntimeError} when it ends before that. */
  readonly ready: Promise<void>;
  /** Settles when it is gone and everything it sent has been delivered. */
  readonly gone: Promise<PlaceEnd>;
  /** Receives what it sends from now on; before that, nothing but `ready` is expected. */
  listen(listener: PlaceListener): void;
  kill(): void;
}

/** A listener that throws ends who has sent it that. */
export interface PlaceListener {
  onMessage(message: HostMessage): void;
  onData(channel: 'stdout' | 'stderr', bytes: Uint8Array): void;
}

export interface PlaceEnd {
  /** How it went, for people: `exit code 1`, `signal SIGKILL`, with its last words if it had any. */
  readonly how: string;
  /** The guest has filled the script heap, by tables or garbage-collected objects. */
  readonly heapFull: boolean;
}

/** What has come from a place: checked, told to who listens. */
export interface PlaceInbox extends Pick<GuestPlace, 'ready' | 'listen'> {
  /** Throws a `TypeError` for what no place of ours sends. */
  take(frame: Frame): void;
  /** The place is gone: it will not get ready any more. */
  close(end: PlaceEnd): void;
}

export function createPlaceInbox(): PlaceInbox {
  let listener: PlaceListener | undefined;
  const { promise: ready, resolve: onReady, reject: onFailed } = Promise.withResolvers<void>();
  ready.catch(() => {}); // whoever waits for it hears of it
  return {
    ready,
    listen(next) {
      listener = next;
    },
    take(frame) {
      if (frame.kind === 'data') {
        if (frame.channel !== 'stdout' && frame.channel !== 'stderr') {
          throw new TypeError('data of a wrong channel');
        }
        listener?.onData(frame.channel, frame.bytes);
        return;
      }
      if (frame.kind === 'seat') throw new TypeError('a message about a seat to nobody who has one');
      const message = parseHostMessage(JSON.parse(frame.text));
      if (message.tag === 'failed') onFailed(new RuntimeError(message.code, message.message));
      if (message.tag === 'ready') onReady();
      else listener?.onMessage(message);
    },
    close({ how }) {
      onFailed(new RuntimeError('HOST_FAILED', `the guest host ended before it was ready: ${how}`));
    },
  };
}
