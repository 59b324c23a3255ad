import { createPlacePool, type PlacePool } from '../place-pool.ts';
import type { ThreadHost } from './thread-host.ts';

/** How many threads guest hosts have. */
export interface ThreadCounts {
  /** Threads that wait, loaded, for the next guest; each costs about 8 MB. @default 1 */
  readonly idle?: number;
  /** Most guests that one guest host has at once. @default 150 */
  readonly perHost?: number;
  /** Guests after which a guest host takes no more, and is replaced: memory of ended threads does not all come back. @default 2000 */
  readonly perLife?: number;
}

export interface ThreadPlacesOptions extends ThreadCounts {
  readonly start: () => ThreadHost;
}

interface Member {
  readonly host: ThreadHost;
  readonly pool: PlacePool;
}

/** Threads for the guests of one group, in as few guest hosts as they fit into. Hosts are started when they are needed. */
export function createThreadPlaces({
  start,
  idle = 1,
  perHost = 150,
  perLife = 2000,
}: ThreadPlacesOptions): PlacePool {
  const members: Member[] = [];
  const ends = new Set<Promise<unknown>>();
  let closed = false;
  const hasRoom = (host: ThreadHost): boolean => host.seats < perHost && host.opened < perLife;

  const add = (): Member => {
    const host = start();
    const pool = createPlacePool({
      idle,
      start: (how) => host.openSeat(how),
      mayGrow: () => hasRoom(host),
    });
    const member: Member = { host, pool };
    members.push(member);
    ends.add(host.gone);
    void host.gone.then(() => {
      remove(member);
      ends.delete(host.gone);
    });
    return member;
  };
  const remove = (member: Member): void => {
    const at = members.indexOf(member);
    if (at >= 0) members.splice(at, 1);
    void member.pool[Symbol.asyncDispose]();
  };
  /** A guest host is of no use when it has had its guests, or when it has none and another one is there. */
  const retire = (member: Member): void => {
    const { host, pool } = member;
    const guests = host.seats - pool.waiting;
    const isSpent = !hasRoom(host) && pool.waiting === 0;
    if (guests > 0 || !(isSpent || members.length > 1)) return;
    remove(member);
    host.kill();
  };

  return {
    get waiting() {
      return members.reduce((sum, { pool }) => sum + pool.waiting, 0);
    },
    take() {
      const member =
        members.find(({ pool }) => pool.waiting > 0) ?? members.find(({ host }) => hasRoom(host)) ?? add();
      const place = member.pool.take();
      void place.gone.then(() => retire(member));
      return place;
    },
    refill(taken) {
      if (!closed) for (const { pool } of members) pool.refill(taken);
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      const hosts = members.splice(0);
      for (const { host } of hosts) host.kill();
      await Promise.all([...ends, ...hosts.map(({ pool }) => pool[Symbol.asyncDispose]())]);
    },
  };
}
