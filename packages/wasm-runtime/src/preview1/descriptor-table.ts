import { type Descriptor, release } from './descriptor.ts';
import { errno, refuse } from './errno.ts';

/** The guest's numbers for what it has open. Closing happens here and nowhere else, number first. */
export interface DescriptorTable {
  /** Refuses with EBADF. */
  get(number: number): Descriptor;
  find(number: number): Descriptor | undefined;
  /** Refuses with EMFILE when no number is left: to be asked before the host opens anything. */
  requireRoom(): void;
  /** Gives it the lowest free number. */
  add(descriptor: Descriptor): number;
  close(number: number): void;
  /** Moves one to the number of another, which is closed. */
  renumber(from: number, to: number): void;
  all(): Iterable<Descriptor>;
  closeAll(): void;
  /** Resolves when nothing that was closed has bytes to send any more. */
  settled(): Promise<void>;
}

export function createDescriptorTable(capacity: number): DescriptorTable {
  let entries: (Descriptor | undefined)[] = [];
  let open = 0;
  /** No number below it is free. */
  let lowest = 0;

  function get(number: number): Descriptor {
    return entries[number >>> 0] ?? refuse(errno.badf);
  }

  function forget(number: number): void {
    entries[number] = undefined;
    open -= 1;
    lowest = Math.min(lowest, number);
  }

  /** Closed connections whose bytes are still on their way. */
  const leaving = new Set<Promise<void>>();

  function letGo(descriptor: Descriptor): void {
    const gone = release(descriptor);
    if (gone === undefined) return;
    leaving.add(gone);
    void gone.finally(() => leaving.delete(gone));
  }

  function requireRoom(): void {
    if (open >= capacity) refuse(errno.mfile);
  }

  return {
    get,
    find: (number) => entries[number >>> 0],
    requireRoom,
    add(descriptor) {
      requireRoom();
      while (entries[lowest] !== undefined) lowest += 1;
      entries[lowest] = descriptor;
      open += 1;
      return lowest;
    },
    close(number) {
      const descriptor = get(number);
      forget(number >>> 0);
      letGo(descriptor);
    },
    renumber(from, to) {
      const moved = get(from);
      const replaced = get(to);
      if (from >>> 0 === to >>> 0) return;
      entries[to >>> 0] = moved;
      forget(from >>> 0);
      letGo(replaced);
    },
    *all() {
      for (const entry of entries) if (entry !== undefined) yield entry;
    },
    closeAll() {
      const all = entries;
      entries = [];
      open = 0;
      lowest = 0;
      for (const entry of all) if (entry !== undefined) letGo(entry);
    },
    async settled() {
      await Promise.all(leaving);
    },
  };
}
