// `pnpm compatibility` runs every case and writes docs/compatibility.md.
import { deepStrictEqual } from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createRuntime } from '@wasmlet/wasm-runtime';
import { buildComponents } from './build.mjs';
import { type ComponentCase, componentCases } from './cases.ts';
import { type CaseContext, expectedAnswers, runCommandCase, runServerCase } from './run-case.ts';

const rounds = 5;
const page = join(import.meta.dirname, '../../docs/compatibility.md');
const template = join(import.meta.dirname, 'compatibility.template.md');

const folder = await buildComponents();
const scratch = await mkdtemp(join(tmpdir(), 'wasmlet-compatibility-'));
await chmod(scratch, 0o755);
const runtime = createRuntime();
try {
  const versions = JSON.parse(await readFile(join(folder, 'versions.json'), 'utf8')) as Record<
    string,
    string
  >;
  const rows: string[] = [];
  for (const one of componentCases) rows.push(await rowOf(one, versions, { runtime, folder, scratch }));
  const filled = (await readFile(template, 'utf8'))
    .replace('DATE', new Date().toISOString().slice(0, 10))
    .replace('MACHINE', `${cpus().length} cores, Node.js ${process.versions.node}`)
    .replace(/^\| ROWS .*$/m, rows.join('\n'));
  await writeFile(page, filled);
} finally {
  await runtime[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true });
}

async function rowOf(
  one: ComponentCase,
  versions: Readonly<Record<string, string>>,
  context: CaseContext,
): Promise<string> {
  const toolchain = one.toolchain.map((tool) => `${tool} ${versions[tool] ?? ''}`.trim()).join(', ');
  const { size } = await stat(join(folder, `${one.name}.wasm`));
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) times.push(await firstByteMsOf(one, context));
  const median = times.toSorted((a, b) => a - b)[rounds >> 1] ?? 0;
  const cells = [
    `\`${one.name}\``,
    one.language,
    toolchain,
    one.what,
    'linker',
    kilobytes(size),
    `${median.toFixed(0)} ms`,
  ];
  process.stdout.write(`${cells.join(' | ')}\n`);
  return `| ${cells.join(' | ')} |`;
}

/** Throws where it does not do what is expected of it. */
async function firstByteMsOf(one: ComponentCase, context: CaseContext): Promise<number> {
  if (one.kind === 'server') {
    const { answers, firstByteMs } = await runServerCase(one, context);
    deepStrictEqual(answers, expectedAnswers(one));
    return firstByteMs;
  }
  const { code, stdout, stderr, firstByteMs } = await runCommandCase(one, context);
  deepStrictEqual({ code, stdout, stderr }, { code: one.code, stdout: one.stdout, stderr: one.stderr });
  return firstByteMs ?? Number.NaN;
}

function kilobytes(size: number): string {
  return size < 1_000_000 ? `${(size / 1_000).toFixed(0)} kB` : `${(size / 1_000_000).toFixed(1)} MB`;
}
