import { mkdir, writeFile } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime } from '../../../src/index.ts';
import { forgedCalls } from '../../fixtures/forged-pointers.ts';
import { assemble } from '../../fixtures/guests.ts';
import { outcomeOf } from '../../fixtures/outcome.ts';
import { scratchDirectory, specIn } from '../../fixtures/start-guest.ts';

const modules = {
  wasi_snapshot_preview1: await assemble(forgedCalls('wasi_snapshot_preview1')),
  wasi_unstable: await assemble(forgedCalls('wasi_unstable')),
};

describe.each(['process', 'thread'] as const)('isolation %s:', (isolation) => {
  const specOf = specIn(isolation);
  const runtime = createRuntime({ allowedIsolation: [isolation] });
  afterAll(() => runtime[Symbol.asyncDispose]());

  test.each([
    ['wasi_snapshot_preview1', 'stream'],
    ['wasi_snapshot_preview1', 'cri-log'],
    ['wasi_unstable', 'stream'],
  ] as const)(
    'every call of %s answers an errno, whatever it is given; output %s',
    async (namespace, kind) => {
      await using directory = await scratchDirectory();
      const guestDirectory = `${directory.path}/guest`;
      await mkdir(guestDirectory);
      await writeFile(`${guestDirectory}/file`, 'text');
      await using sandbox = await runtime.openSandbox({ id: 'forger', directories: [guestDirectory] });
      const spec = await specOf(modules[namespace], {
        mounts: [{ hostPath: guestDirectory, guestPath: '/' }],
        output: kind === 'stream' ? { kind } : { kind, path: `${directory.path}/0.log`, maxFiles: 2 },
        limits: { timeoutMs: 25_000, memoryBytes: 65_536 },
      });
      expect(await outcomeOf(sandbox, spec)).toBe('exited 0');
    },
  );
});
