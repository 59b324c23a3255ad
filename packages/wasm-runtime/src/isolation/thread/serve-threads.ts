import { constants, access } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import { clip, type HostMessage } from '../wire/messages.ts';
import type { Frame } from '../wire/frames.ts';
import { parseSeatOrder, type SeatOrder } from '../wire/seat-messages.ts';
import { openWire } from '../wire/wire.ts';
import { type GuestWorker, startGuestWorker, workerEntry } from './guest-worker.ts';
import { createModuleShelf } from './module-shelf.ts';

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
    const seatWire = wire.seat<HostMessage>(seat);
    if (refusal !== undefined) {
      seatWire.send({ tag: 'failed', code: 'HOST_FAILED', message: refusal });
      seatWire.sendOfSeat({ tag: 'gone', how: refusal, heapFull: false });
      return;
    }
    const worker = startGuestWorker({
      hostModules,
      rehearse,
      shelf,
      onFrame(frame) {
        if (frame.kind === 'data') void seatWire.sendData(frame.channel, frame.bytes);
        else seatWire.sendText(frame.text);
      },
    });
    workers.set(seat, worker);
    void worker.gone.then((end) => {
      workers.delete(seat);
      seatWire.sendOfSeat({ tag: 'gone', ...end });
    });
  };
  const obey = (seat: number, order: SeatOrder): void => {
    switch (order.tag) {
      case 'open':
        open(seat, order.rehearse);
        break;
      case 'module':
        workers.get(seat)?.requestModule(order.key, order.bytes);
        break;
      case 'kill':
        workers.get(seat)?.kill();
        break;
    }
  };
  const onFrame = (frame: Frame): void => {
    // To a guest that has ended meanwhile it is of no use.
    const worker = workers.get(frame.seat);
    if (frame.kind === 'seat') obey(frame.seat, parseSeatOrder(JSON.parse(frame.text)));
    else if (frame.kind === 'control') worker?.sendText(frame.text);
    else void worker?.wire.sendData(frame.channel, frame.bytes);
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
