import { describe, expect, test } from 'vitest';
import { type Borrower, createModuleShelf } from '../../../src/isolation/thread/module-shelf.ts';

// (module)
const compiled = (): WebAssembly.Module => new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));

/** A guest that writes down what it is told. */
function borrow() {
  const told: unknown[] = [];
  const borrower: Borrower = {
    give: (module) => void told.push(module),
    compile: () => void told.push('compile'),
  };
  return { borrower, told };
}

describe('a shelf of modules', () => {
  test('has each compiled once, by the first who needs it, and gives it to all others', () => {
    const shelf = createModuleShelf();
    const [first, early, late, other] = [borrow(), borrow(), borrow(), borrow()];
    const module = compiled();
    shelf.request('a', 8, first.borrower);
    shelf.request('a', 8, early.borrower);
    shelf.request('b', 8, other.borrower);
    expect([first.told, early.told, other.told]).toEqual([['compile'], [], ['compile']]);
    shelf.put(first.borrower, module);
    shelf.request('a', 8, late.borrower);
    expect([first.told, early.told, late.told]).toEqual([['compile'], [module], [module]]);
  });

  test('lets the next one compile when the one that did is gone', () => {
    const shelf = createModuleShelf();
    const [first, gone, next, last] = [borrow(), borrow(), borrow(), borrow()];
    for (const { borrower } of [first, gone, next]) shelf.request('a', 8, borrower);
    shelf.leave(gone.borrower);
    shelf.leave(first.borrower);
    expect([gone.told, next.told]).toEqual([[], ['compile']]);
    shelf.leave(next.borrower);
    shelf.request('a', 8, last.borrower);
    expect(last.told).toEqual(['compile']);
  });

  test('takes nothing from who was not asked', () => {
    const shelf = createModuleShelf();
    const [first, stranger] = [borrow(), borrow()];
    shelf.request('a', 8, first.borrower);
    shelf.put(stranger.borrower, compiled());
    shelf.request('a', 8, stranger.borrower);
    expect(stranger.told).toEqual([]);
  });

  test.each([
    ['number', { maxModules: 2 }, 1],
    ['size', { maxBytes: 20 }, 10],
  ] as const)('is bounded in %s: what was not used for longest goes', (_what, limits, size) => {
    const shelf = createModuleShelf(limits);
    for (const key of ['a', 'b', 'a', 'c']) {
      const { borrower, told } = borrow();
      shelf.request(key, size, borrower);
      if (told[0] === 'compile') shelf.put(borrower, compiled());
    }
    const asked = ['a', 'c', 'b'].map((key) => {
      const { borrower, told } = borrow();
      shelf.request(key, size, borrower);
      return told[0] === 'compile';
    });
    expect(asked).toEqual([false, false, true]);
  });
});
