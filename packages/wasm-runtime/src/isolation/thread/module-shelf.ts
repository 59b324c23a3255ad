import type { CompiledProgram } from '../guest-host/program.ts';

/** A guest that needs a module. */
export interface Borrower {
  /** Here it is. */
  give(module: CompiledProgram): void;
  /** Nobody has it: it is to be compiled, and {@link ModuleShelf.put} here. */
  compile(): void;
}

/** Compiled modules of a guest host, each compiled once by the first guest that needs it, in that guest's thread. */
export interface ModuleShelf {
  /** @param size bytes of the module */
  request(key: string, size: number, borrower: Borrower): void;
  /** What the borrower was asked to compile. */
  put(borrower: Borrower, module: CompiledProgram): void;
  /** The borrower is gone; what it was to compile is another's to do. */
  leave(borrower: Borrower): void;
}

type Entry =
  | { readonly kind: 'compiled'; readonly module: CompiledProgram; readonly size: number }
  | {
      readonly kind: 'compiling';
      readonly by: Borrower;
      readonly waiting: readonly Borrower[];
      readonly size: number;
    };

export interface ShelfLimits {
  /** Modules kept. @default 64 */
  readonly maxModules?: number;
  /** Their bytes together. @default 128 MiB */
  readonly maxBytes?: number;
}

export function createModuleShelf({
  maxModules = 64,
  maxBytes = 128 * 1024 * 1024,
}: ShelfLimits = {}): ModuleShelf {
  // In the order of their last use.
  const entries = new Map<string, Entry>();

  const removeOldest = (): void => {
    const kept = [...entries].filter(([, { kind }]) => kind === 'compiled');
    let bytes = kept.reduce((sum, [, { size }]) => sum + size, 0);
    let count = kept.length;
    for (const [key, { size }] of kept) {
      if (count <= maxModules && bytes <= maxBytes) return;
      entries.delete(key);
      count -= 1;
      bytes -= size;
    }
  };

  return {
    request(key, size, borrower) {
      const entry = entries.get(key);
      entries.delete(key);
      switch (entry?.kind) {
        case 'compiled':
          entries.set(key, entry);
          borrower.give(entry.module);
          break;
        case 'compiling':
          entries.set(key, { ...entry, waiting: [...entry.waiting, borrower] });
          break;
        case undefined:
          entries.set(key, { kind: 'compiling', by: borrower, waiting: [], size });
          borrower.compile();
          break;
      }
    },
    put(borrower, module) {
      for (const [key, entry] of entries) {
        if (entry.kind !== 'compiling' || entry.by !== borrower) continue;
        entries.set(key, { kind: 'compiled', module, size: entry.size });
        for (const one of entry.waiting) one.give(module);
        removeOldest();
        return;
      }
    },
    leave(borrower) {
      for (const [key, entry] of entries) {
        if (entry.kind !== 'compiling') continue;
        const waiting = entry.waiting.filter((one) => one !== borrower);
        if (entry.by !== borrower) {
          entries.set(key, { ...entry, waiting });
          continue;
        }
        const [next, ...others] = waiting;
        if (next === undefined) {
          entries.delete(key);
        } else {
          entries.set(key, { ...entry, by: next, waiting: others });
          next.compile();
        }
      }
    },
  };
}
