import { constants, access } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import { clip, type HostMessage, parseDaemonMessage } from '../wire/messages.ts';
import type { Frame } from '../wire/frames.ts';
import { openWire } from '../wire/wire.ts';
import { type GuestWorker, startGuestWorker, workerEntry } from './guest-worker.ts';
import { createModuleShelf } from './module-shelf.ts';
import { isSeatOrder, type SeatGone, type SeatOrder } from './seat-messages.ts';

export interface ThreadServing {
  readonly hostModules: readonly string[];
}

/**
 * The life of a guest host with many guests: starts and ends threads as it is told, and passes on what is said to
 * and by them. Nothing of a guest is compiled or run in the thread that does this. Resolves when the daemon is gone.
 */
export async function serveThreads(socket: Duplex, { hostModules }: ThreadServing): Promise<void> {
  const { promise: done, resolve: finish } = Promise.withResolvers<void>();
  const shelf = createModuleShelf();
  const workers = new Map<number, GuestWorker>();
  const refusal = await unreadable();

  const open = (seat: number, rehearse: boolean): void => {
    const seatWire = wire.seat<HostMessage | SeatGone>(seat);
    if (refusal !== undefined) {
      seatWire.send({ tag: 'failed', code: 'HOST_FAILED', message: refusal });
      seatWire.send({ tag: 'gone', how: refusal, heapFull: false });
      return;
    }
    const worker = startGuestWorker({
      hostModules,
      rehearse,
      shelf,
      onFrame(frame) {
        if (frame.kind === 'control') seatWire.send(frame.json as HostMessage);
        else void seatWire.sendData(frame.channel, frame.bytes);
      },
    });
    workers.set(seat, worker);
    void worker.gone.then((end) => {
      workers.delete(seat);
      seatWire.send({ tag: 'gone', ...end });
    });
  };
  const obey = (seat: number, order: SeatOrder): void => {
    if (order.tag === 'open') open(seat, order.rehearse);
    else workers.get(seat)?.kill();
  };
  const onFrame = (frame: Frame): void => {
    if (frame.kind === 'data') void workers.get(frame.seat)?.wire.sendData(frame.channel, frame.bytes);
    else if (isSeatOrder(frame.json)) obey(frame.seat, frame.json);
    // To a guest that has ended meanwhile it is of no use.
    else workers.get(frame.seat)?.wire.send(parseDaemonMessage(frame.json));
  };
  const wire = openWire<never>(socket, { onFrame, onClose: () => finish() });
  await done;
}

/** Why no thread could be started, for people, if so: each reads our code again, as the user that this process has become. */
async function unreadable(): Promise<string | undefined> {
  try {
    await access(workerEntry, constants.R_OK);
    return undefined;
  } catch (error) {
    const advice = 'install it where everybody may read it, or let sandboxes have no users';
    return clip(`the guests' user cannot read this package: ${(error as Error).message}; ${advice}`);
  }
}
