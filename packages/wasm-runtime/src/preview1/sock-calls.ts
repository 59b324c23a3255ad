import { firstReady, type Ready } from '../system/readiness.ts';
import { type ConnectionDescriptor, requireConnection, requireRight } from './descriptor.ts';
import { type Errno, errno } from './errno.ts';
import { fdflag, riflag, sdflag } from './flags.ts';
import type { GuestState } from './guest-state.ts';
import { connectionRights, right } from './rights.ts';

/** The `sock_*` calls, on listeners that the guest was given and connections that it accepts. */
export function sockCalls(guest: GuestState) {
  const { memory, descriptors, closing } = guest;
  const sendTo = createSend(guest);

  /** Tries until there is an answer; `nonblocking`: once more, after a turn of the event loop. */
  async function untilAnswered(
    attempt: () => Errno | undefined,
    ready: Ready,
    nonblocking: boolean,
  ): Promise<Errno> {
    for (;;) {
      await firstReady([ready], nonblocking ? 0 : Number.POSITIVE_INFINITY, closing);
      const answer = attempt();
      if (answer !== undefined) return answer;
      if (nonblocking) return errno.again;
    }
  }

  return {
    sock_accept(fd: number, flags: number, result: number): number | Promise<number> {
      const descriptor = descriptors.get(fd);
      if (descriptor.kind === 'connection') return errno.inval;
      if (descriptor.kind !== 'listener') return errno.notsock;
      requireRight(descriptor, right.sockAccept);
      if ((flags & ~fdflag.nonblock) !== 0) return errno.inval;
      memory.check(result, 4);
      const { listener } = descriptor;
      const attempt = (): Errno | undefined => {
        descriptors.requireRoom();
        const connection = listener.acceptNow();
        if (connection === undefined) return undefined;
        const accepted = descriptors.add({
          kind: 'connection',
          connection,
          input: connection.input,
          base: connectionRights & descriptor.inheriting,
          inheriting: 0,
          flags,
          canRead: true,
          canWrite: true,
        });
        memory.setU32(result, accepted);
        return errno.success;
      };
      const nonblocking = (descriptor.flags & fdflag.nonblock) !== 0;
      return attempt() ?? untilAnswered(attempt, listener.acceptable, nonblocking);
    },

    sock_recv(
      fd: number,
      iovs: number,
      count: number,
      flags: number,
      result: number,
      resultFlags: number,
    ): number | Promise<number> {
      const descriptor = requireConnection(descriptors.get(fd), right.fdRead);
      if ((flags & ~riflag.all) !== 0) return errno.inval;
      const peeks = (flags & riflag.peek) !== 0;
      const waitsForAll = (flags & riflag.waitall) !== 0 && !peeks;
      let received = 0;
      const tell = (): Errno => {
        memory.setU32(result, received);
        memory.view().setUint16(memory.check(resultFlags, 2), 0, true);
        return errno.success;
      };
      memory.check(result, 4);
      memory.check(resultFlags, 2);
      const attempt = (): Errno | undefined => {
        for (;;) {
          const into = restOf(memory.vectors(iovs, count), received);
          if (into === undefined) return tell();
          const moved = peeks ? descriptor.input.peekNow(into) : descriptor.input.readNow(into);
          if (moved === undefined) return received > 0 && !waitsForAll ? tell() : undefined;
          received += moved;
          if (moved === 0 || peeks) return tell();
        }
      };
      const nonblocking = (descriptor.flags & fdflag.nonblock) !== 0;
      return attempt() ?? untilAnswered(attempt, descriptor.input.readable, nonblocking);
    },

    /** No flags are defined. */
    sock_send(
      fd: number,
      iovs: number,
      count: number,
      flags: number,
      result: number,
    ): number | Promise<number> {
      const descriptor = requireConnection(descriptors.get(fd), right.fdWrite);
      return flags === 0 ? sendTo(descriptor, iovs, count, result) : errno.inval;
    },

    sock_shutdown(fd: number, how: number): number {
      const { connection } = requireConnection(descriptors.get(fd), right.sockShutdown);
      if (how === 0 || (how & ~sdflag.all) !== 0) return errno.inval;
      if ((how & sdflag.read) !== 0) connection.shutdown('read');
      if ((how & sdflag.write) !== 0) connection.shutdown('write');
      return errno.success;
    },
  };
}

/** What `sock_send`, and `fd_write` to a connection, do: all is sent, unless the connection is non-blocking. */
export function createSend({ memory, closing, answer }: GuestState) {
  return (
    { connection, flags }: ConnectionDescriptor,
    iovs: number,
    count: number,
    result: number,
  ): number | Promise<number> => {
    let sent = 0;
    memory.check(result, 4);
    const tell = (): Errno => {
      memory.setU32(result, sent);
      return errno.success;
    };
    /** `undefined`: there is more, and the peer is slow. */
    const attempt = (): Errno | undefined => {
      for (;;) {
        const from = restOf(memory.vectors(iovs, count), sent);
        if (from === undefined) return tell();
        const taken = connection.writeNow(from);
        if (taken === undefined) return undefined;
        sent += taken;
      }
    };
    const nonblocking = (flags & fdflag.nonblock) !== 0;
    const later = async (): Promise<number> => {
      try {
        for (;;) {
          await firstReady([connection.writable], nonblocking ? 0 : Number.POSITIVE_INFINITY, closing);
          const told = attempt();
          if (told !== undefined) return told;
          if (nonblocking) return sent > 0 ? tell() : errno.again;
        }
      } catch (error) {
        return sent > 0 ? tell() : answer(error);
      }
    };
    return attempt() ?? later();
  };
}

/** The first vector that is not full after `moved` bytes, from there; `undefined` when all are. */
function restOf(vectors: readonly Uint8Array[], moved: number): Uint8Array | undefined {
  let before = moved;
  for (const vector of vectors) {
    if (before < vector.length) return before === 0 ? vector : vector.subarray(before);
    before -= vector.length;
  }
  return undefined;
}
