import { readdirSync } from 'node:fs';
import process from 'node:process';
import { expect, test } from 'vitest';
import { createRuntime } from '../../src/index.ts';
import { guests } from '../fixtures/guests.ts';
import { finish, isAlive, specOf } from '../fixtures/start-guest.ts';

const openDescriptors = (): number =>
  process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;

test('fifty guests at once, ended in every way, leave no process and no descriptor', {
  timeout: 60_000,
}, async () => {
  const before = openDescriptors();
  const pids: number[] = [];
  {
    await using runtime = createRuntime();
    const kinds = [guests.hello, guests.exitCode(3), guests.unreachable, guests.loop, guests.sleep];
    const specs = await Promise.all(kinds.map((guest) => specOf(guest)));
    const ends = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const guest = await runtime.start(specs[index % specs.length] ?? (await specOf(guests.hello)));
        pids.push(guest.pid);
        if (index % specs.length >= 3) void guest.stop({ graceMs: 0 });
        const { exit } = await finish(guest);
        return exit.kind;
      }),
    );
    expect(ends).toEqual(
      Array.from(
        { length: 50 },
        (_, index) => ['exited', 'exited', 'trapped', 'killed', 'killed'][index % 5],
      ),
    );
  }
  expect(await Promise.all(pids.map(isAlive))).toEqual(pids.map(() => false));
  expect(openDescriptors()).toBeLessThanOrEqual(before);
});
