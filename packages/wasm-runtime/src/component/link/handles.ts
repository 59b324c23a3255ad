import type { HandleTable, ResourceType } from '../host-interface.ts';

interface Entry {
  readonly type: ResourceType<never>;
  readonly object: unknown;
  readonly own: boolean;
  /** Calls that borrow it at the moment. */
  lends: number;
}

/** The handles of one component instance. */
export class Handles implements HandleTable {
  readonly #entries: (Entry | undefined)[] = [undefined];
  readonly #free: number[] = [];
  readonly #max: number;
  readonly #trap: (reason: string) => never;
  /** Borrowed handles that are there; the export that they were given to may not return with any. */
  borrows = 0;

  constructor(max: number, trap: (reason: string) => never) {
    this.#max = max;
    this.#trap = trap;
  }

  insert<T>(type: ResourceType<T>, object: T): number {
    return this.#add({ type, object, own: true, lends: 0 });
  }

  lend<T>(type: ResourceType<T>, object: T): number {
    this.borrows += 1;
    return this.#add({ type, object, own: false, lends: 0 });
  }

  get<T>(type: ResourceType<T>, handle: number): T {
    return this.#find(type, handle).object as T;
  }

  take<T>(type: ResourceType<T>, handle: number): T {
    const entry = this.#find(type, handle);
    if (!entry.own) this.#trap(`handle ${handle} is borrowed, so the guest cannot give it away`);
    this.#remove(handle, entry);
    return entry.object as T;
  }

  /** Until {@link unlend}, the handle cannot be taken or dropped. */
  borrow<T>(type: ResourceType<T>, handle: number): T {
    const entry = this.#find(type, handle);
    entry.lends += 1;
    return entry.object as T;
  }

  unlend(handle: number): void {
    const entry = this.#entries[handle];
    if (entry) entry.lends -= 1;
  }

  /** Removes a handle; what is to be destroyed with it, if it owned it. */
  drop<T>(type: ResourceType<T>, handle: number): { readonly object: T } | undefined {
    const entry = this.#find(type, handle);
    this.#remove(handle, entry);
    if (entry.own) return { object: entry.object as T };
    this.borrows -= 1;
    return undefined;
  }

  /** Ends what hosts have given to the guest, all of it, last first; throws what the first of them that failed threw. */
  close(): void {
    const left = this.#entries.splice(1);
    this.#free.length = 0;
    this.borrows = 0;
    let failed: { readonly error: unknown } | undefined;
    for (const entry of left.toReversed()) {
      try {
        if (entry?.own) entry.type.drop?.(entry.object as never);
      } catch (error) {
        failed ??= { error };
      }
    }
    if (failed) throw failed.error;
  }

  #add(entry: Entry): number {
    const free = this.#free.pop();
    if (free !== undefined) {
      this.#entries[free] = entry;
      return free;
    }
    if (this.#entries.length > this.#max) this.#trap(`more than ${this.#max} handles`);
    return this.#entries.push(entry) - 1;
  }

  #remove(handle: number, entry: Entry): void {
    if (entry.lends > 0) this.#trap(`handle ${handle} is lent at the moment`);
    this.#entries[handle] = undefined;
    this.#free.push(handle);
  }

  #find<T>(type: ResourceType<T>, handle: number): Entry {
    const entry = this.#entries[handle];
    if (entry === undefined) return this.#trap(`unknown handle index ${handle >>> 0}`);
    if ((entry.type as unknown) !== type) {
      return this.#trap(`handle index ${handle} is a ${entry.type.name}, not a ${type.name}`);
    }
    return entry;
  }
}
