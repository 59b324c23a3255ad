import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createRuntime, type Isolation } from '../../src/index.ts';
import type { ProcessState } from '../fixtures/guest-host-state.ts';
import { logName } from '../fixtures/end-guests.ts';
import { guests } from '../fixtures/guests.ts';
import { finish, isAlive, scratchDirectory, specOf } from '../fixtures/start-guest.ts';

// A multiple of ten; WASMLET_BUILT=1 WASMLET_GUEST_COUNT=2000 for what is promised.
const count = Number(process.env['WASMLET_GUEST_COUNT'] ?? 200);
const msPerGuest = 1000;

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

interface ApplicationState extends ProcessState {
  readonly guests: number;
  readonly privateBytes: number;
  /** Processes that guests have been in since the last line. */
  readonly hosts: readonly number[];
}

interface Application {
  readonly pid: number;
  readonly states: readonly ApplicationState[];
}

/** What an application of its own tells of itself after each tenth of its guests. */
async function runApplication(isolation: Isolation, scratch: string): Promise<Application> {
  const program = fileURLToPath(new URL('../fixtures/many-guests.ts', import.meta.url));
  const application = spawn(
    process.execPath,
    // V8's young generation grows by 16 MB and more, and shrinks when nothing is to do: it would hide what stays.
    [
      '--expose-gc',
      '--max-semi-space-size=1',
      '--conditions=@wasmlet/source',
      program,
      isolation,
      String(count),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, TMPDIR: scratch } },
  );
  const exited = once(application, 'exit');
  const states: ApplicationState[] = [];
  for await (const line of createInterface(application.stdout)) {
    states.push(JSON.parse(line) as ApplicationState);
  }
  expect(await exited).toEqual([0, null]);
  return { pid: application.pid ?? 0, states };
}

/** Names of control groups of an application. */
async function groupsOf(pid: number): Promise<readonly string[]> {
  const names = await readdir('/sys/fs/cgroup', { recursive: true }).catch(() => []);
  return names.filter((name) => name.includes(`wasmlet-${pid}-`));
}

describe.runIf(process.platform === 'linux')('guests one after the other, ended in every way', () => {
  test.each(['process', 'thread'] as const)(
    'leave nothing in the application and on the machine, and its memory flat; isolation %s',
    { timeout: 60_000 + count * msPerGuest },
    async (isolation) => {
      await using directory = await scratchDirectory();
      const shared = await readdir('/dev/shm');
      const { pid, states } = await runApplication(isolation, directory.path);
      expect(states.map(({ guests: ended }) => ended / count)).toEqual(
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((tenths) => tenths / 10),
      );
      if (count >= 1000) {
        for (const { hosts, ...state } of states) {
          process.stdout.write(`${isolation}: ${JSON.stringify({ ...state, hosts: hosts.length })}\n`);
        }
      }
      const [first, last] = [states[0], states.at(-1)] as [ApplicationState, ApplicationState];
      // Places that wait come and go.
      expect(last.descriptors).toBeLessThanOrEqual(first.descriptors + 12);
      expect(last.threads).toBeLessThanOrEqual(first.threads + 2);
      expect(last.privateBytes).toBeLessThanOrEqual(first.privateBytes + 10 * 1024 * 1024);
      const hosts = states.flatMap((state) => state.hosts);
      expect(await Promise.all(hosts.map(isAlive))).toEqual(hosts.map(() => false));
      expect(await groupsOf(pid)).toEqual([]);
      expect((await readdir('/dev/shm')).filter((name) => !shared.includes(name))).toEqual([]);
      expect(await readdir(directory.path)).toEqual([logName]);
    },
  );
});
