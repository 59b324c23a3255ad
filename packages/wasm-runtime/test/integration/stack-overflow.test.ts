import { writeFile } from 'node:fs/promises';
import process from 'node:process';
import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime } from '../../src/index.ts';
import { overflowing } from '../fixtures/overflowing-guest.ts';
import { finish, isolations, scratchDirectory, specIn } from '../fixtures/start-guest.ts';

describe.runIf(process.platform === 'linux').each(isolations)('isolation %s:', (isolation) => {
  const runtime = createRuntime({ allowedIsolation: [isolation] });
  afterAll(() => runtime[Symbol.asyncDispose]());

  test.each(['stream', 'cri-log'] as const)(
    'a guest that uses up the stack in a host call is ended, though it catches all (%s)',
    async (kind) => {
      await using directory = await scratchDirectory();
      await writeFile(`${directory.path}/greeting`, 'hello');
      const spec = await specIn(isolation)(overflowing, {
        mounts: [{ hostPath: directory.path, guestPath: '/' }],
        limits: { timeoutMs: 15_000 },
        ...(kind === 'stream' ? {} : { output: { kind, path: `${directory.path}/0.log` } }),
      });
      const guest = await runtime.start(spec);
      const exit = kind === 'stream' ? (await finish(guest)).exit : await guest.exited;
      expect(exit).toMatchObject({ kind: 'trapped', trap: 'stack-overflow' });
      expect(exit).toHaveProperty('message', expect.stringContaining('call stack exhausted'));
    },
  );
});
