import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseReference } from '@wasmlet/oci-wasm';
import type { Cost, Job } from './job.ts';

export interface Contender extends AsyncDisposable {
  readonly name: string;
  /** As a name of folders and repositories. */
  readonly label: string;
  run(job: Job): Promise<Cost>;
}

export const library = '@wasmlet/oci-wasm, warm process';
export const skopeo = 'skopeo';

/** Ourselves as a library and as a command, and the peers. `tools` has crane. */
export function startContenders(tools: string, scratch: string): readonly Contender[] {
  const report = join(scratch, 'cost');
  const command = (
    name: string,
    label: string,
    program: string,
    argumentsFor: (job: Job) => readonly string[],
  ): Contender => ({
    name,
    label,
    run: (job) => timed(report, program, argumentsFor(job)),
    [Symbol.asyncDispose]: async () => {},
  });
  return [
    startLibrary(),
    command('wasmlet copy', 'command', process.execPath, commandArguments),
    command(skopeo, 'skopeo', 'skopeo', skopeoArguments),
    command('crane', 'crane', join(tools, 'crane'), ({ kind, reference, layout }) =>
      kind === 'pull'
        ? ['pull', '--insecure', '--format=oci', reference, layout]
        : ['push', '--insecure', layout, reference],
    ),
  ];
}

const cli = join(
  dirname(fileURLToPath(import.meta.resolve('@wasmlet/node-daemon/package.json'))),
  'dist/cli.js',
);

function commandArguments({ kind, reference, layout, digest }: Job): readonly string[] {
  const copy = [cli, 'copy'];
  if (kind === 'pull') return [...copy, reference, reference, '--to-layout', layout];
  const { registry, repository } = parseReference(reference);
  return [...copy, `${registry}/${repository}@${digest}`, reference, '--from-layout', layout];
}

function skopeoArguments({ kind, reference, layout }: Job): readonly string[] {
  const copy = ['--insecure-policy', 'copy'];
  return kind === 'pull'
    ? [...copy, '--src-tls-verify=false', `docker://${reference}`, `oci:${layout}:v1`]
    : [...copy, '--dest-tls-verify=false', `oci:${layout}:v1`, `docker://${reference}`];
}

/** Time is that of a process that has done it before; memory, as of the others, that of one which does nothing else. */
function startLibrary(): Contender {
  const warm = startLibraryProcess();
  return {
    name: library,
    label: 'library',
    async run(job) {
      await using fresh = startLibraryProcess();
      // A push of what is there already would send nothing.
      const { peakBytes } = await fresh.run(
        job.kind === 'push' ? { ...job, reference: job.reference.replace(':v1', '-2:v1') } : job,
      );
      if (job.kind === 'pull') await rm(job.layout, { recursive: true });
      return { ...(await warm.run(job)), peakBytes };
    },
    [Symbol.asyncDispose]: () => warm[Symbol.asyncDispose](),
  };
}

function startLibraryProcess(): Pick<Contender, 'run'> & AsyncDisposable {
  const child = fork(fileURLToPath(new URL('library-process.mjs', import.meta.url)));
  const exited = once(child, 'exit');
  const failed = exited.then(() => {
    throw new Error('the process that uses the library has ended');
  });
  failed.catch(() => {});
  return {
    async run(job) {
      const answer = once(child, 'message');
      child.send(job);
      const [cost] = (await Promise.race([answer, failed])) as [Cost];
      return cost;
    },
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

/** Runs a program under GNU time. */
async function timed(report: string, program: string, args: readonly string[]): Promise<Cost> {
  const begin = performance.now();
  await promisify(execFile)('time', ['--format=%U %S %M', `--output=${report}`, program, ...args]);
  const wallMs = performance.now() - begin;
  const [user = 0, system = 0, kilobytes = 0] = (await readFile(report, 'utf8'))
    .trim()
    .split(' ')
    .map(Number);
  return { wallMs, cpuMs: (user + system) * 1000, peakBytes: kilobytes * 1024 };
}
