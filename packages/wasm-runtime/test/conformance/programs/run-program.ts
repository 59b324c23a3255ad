import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Isolation, WasmRuntime } from '../../../src/index.ts';
import { finish, type Finished, scratchDirectory } from '../../fixtures/start-guest.ts';
import type { Program } from './programs.ts';

/** As wasmtime's tests have it: all of this machine's addresses and names. */
const network = {
  allowedHosts: ['127.0.0.0/8', '[::1]', 'localhost'],
  grants: ['127.0.0.0/8', '::1'],
};

export interface ProgramOutcome extends Finished {
  /** What is in the files that {@link Program.left} names. */
  readonly left: Readonly<Record<string, string>>;
}

/** Runs a component on a runtime, in directories of its own, for 30 s at most. */
export async function runProgram(
  runtime: WasmRuntime,
  isolation: Isolation,
  { folder, program }: { readonly folder: string; readonly program: Program },
): Promise<ProgramOutcome> {
  await using scratch = await scratchDirectory();
  const directory = join(scratch.path, 'files');
  const readOnly = join(scratch.path, 'readonly');
  await fill(directory, program.files ?? {});
  await fill(readOnly, program.readOnly ?? {});
  await using sandbox = await runtime.openSandbox({
    id: program.name,
    group: 'programs',
    directories: [directory],
  });
  const guest = await sandbox.start({
    name: program.name,
    module: await readFile(join(folder, `${program.name}.component.wasm`)),
    args: [program.name, ...(program.args ?? ['.'])],
    env: Object.entries(program.env ?? { ERRNO_MODE_UNIX: '1' }),
    mounts: [
      { hostPath: directory, guestPath: program.at ?? '.', readOnly: program.isReadOnly ?? false },
      ...(program.readOnly ? [{ hostPath: readOnly, guestPath: '/readonly', readOnly: true }] : []),
    ],
    egress: network,
    stdin: program.stdin === undefined ? 'none' : 'stream',
    output: { kind: 'stream' },
    isolation,
    limits: { timeoutMs: 30_000 },
    ...program.spec,
  });
  guest.stdin?.on('error', () => {}).end(program.stdin);
  const finished = await finish(guest);
  const left: Record<string, string> = {};
  for (const name of Object.keys(program.left ?? {}))
    left[name] = await readFile(join(directory, name), 'utf8');
  return { ...finished, left };
}

async function fill(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(directory);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  }
}
