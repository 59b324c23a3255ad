import { readFile } from 'node:fs/promises';
import type { GuestExit, Isolation, WasmRuntime } from '../../src/index.ts';
import { finish } from '../fixtures/start-guest.ts';
import type { RunGuest } from './guest-process.ts';

/** Runs guests as applications do: kept apart, with their permissions and users. */
export function runOnRuntime(runtime: WasmRuntime, isolation: Isolation): RunGuest {
  return async (run, _directory, stdin = '') => {
    const directories = run.mounts.filter(({ readOnly }) => !readOnly).map(({ hostPath }) => hostPath);
    await using sandbox = await runtime.openSandbox({
      id: run.entry ?? 'case',
      group: 'conformance',
      directories,
    });
    const guest = await sandbox.start({
      name: run.entry ?? 'case',
      module: await readFile(run.module),
      ...(run.entry === undefined ? {} : { entry: run.entry }),
      args: run.args,
      env: run.env,
      mounts: run.mounts,
      stdin: run.stdin === 'stream' ? 'stream' : 'none',
      output: { kind: 'stream' },
      isolation,
      limits: {
        timeoutMs: 20_000,
        ...(run.maxDescriptors === undefined ? {} : { maxDescriptors: run.maxDescriptors }),
      },
    });
    guest.stdin?.on('error', () => {}).end(stdin);
    const { exit, stdout, stderr } = await finish(guest);
    return { code: codeOf(exit), stdout, stderr };
  };
}

function codeOf(exit: GuestExit): number | null {
  if (exit.kind === 'exited') return exit.code;
  return exit.kind === 'trapped' ? 134 : null;
}
