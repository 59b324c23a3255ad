import { Command } from 'commander';
import type { WasmVerdict } from '@wasmlet/oci-wasm';
import { untilInterrupted } from '../daemon/signals.ts';
import { CommandError } from '../errors.ts';
import type { WasmSource } from '../local/module-source.ts';
import { addRegistryOptions, type RegistryFlags } from './registry-options.ts';
import { outputOption, printResult, type OutputFormat, type Terminal } from './terminal.ts';

interface InspectFlags extends RegistryFlags {
  readonly output: OutputFormat;
}

/** `wasmlet inspect`: what a binary is, its world, imports and exports; nothing of it is compiled. */
export function inspectCommand(terminal: Terminal): Command {
  return addRegistryOptions(
    new Command('inspect')
      .description('show what a module or component is, which world it is for, imports and exports')
      .argument('<module>', 'file, or reference in a registry'),
  )
    .addOption(outputOption())
    .action((module: string, flags: InspectFlags) => inspect(terminal, module, flags));
}

async function inspect(terminal: Terminal, module: string, flags: InspectFlags): Promise<void> {
  const [{ judgeWasm }, { WasmBinaryError }, { notWasm, readWasm }] = await Promise.all([
    import('@wasmlet/oci-wasm'),
    import('@wasmlet/wasm-binary'),
    import('../local/module-source.ts'),
  ]);
  using interruption = untilInterrupted();
  const source = await readWasm(terminal, module, {
    flags,
    signal: interruption.signal,
  });
  let verdict: WasmVerdict;
  try {
    verdict = judgeWasm(source.bytes);
  } catch (cause) {
    if (!(cause instanceof WasmBinaryError)) throw cause;
    if (cause.code === 'NOT_WASM') throw notWasm(module);
    throw new CommandError('MODULE', `${module} cannot be read: ${cause.message}`, { cause });
  }
  const { description, ...facts } = verdict;
  printResult(
    terminal,
    flags.output,
    { source: module, size: source.bytes.length, ...artifactFacts(source), ...facts, ...description },
    describe(module, source, verdict),
  );
}

function artifactFacts({ artifact }: WasmSource): object {
  if (artifact === undefined) return {};
  const { digest, format, reason, platform, totalBytes } = artifact;
  return {
    digest,
    format,
    reason,
    platform,
    totalBytes,
    ...('program' in artifact ? { program: artifact.program } : {}),
    ...('application' in artifact ? { application: artifact.application } : {}),
  };
}

function describe(module: string, source: WasmSource, verdict: WasmVerdict): string {
  const lines = [
    `${module}: ${kinds[verdict.kind]}, ${source.bytes.length} bytes`,
    ...describeWorld(verdict),
    ...describeArtifact(source),
    ...describeNames(verdict),
  ];
  return lines.map(printable).join('\n');
}

function describeWorld(verdict: WasmVerdict): readonly string[] {
  if (verdict.kind === 'wit-package') return ['world: none; it holds interface types and nothing that runs'];
  const { world, entry } = verdict;
  const wasi =
    world.wasi === 'none'
      ? 'no WASI'
      : `WASI ${world.wasi}${world.wasi === '0.3' ? ' (not run: WASI 0.2 is)' : ''}`;
  return [`world: ${world.role}, ${wasi}${entry === undefined ? '' : `, entry ${entry}`}`];
}

function describeArtifact({ artifact }: WasmSource): readonly string[] {
  if (artifact === undefined) return [];
  const { format, digest, reason, platform, totalBytes } = artifact;
  const lines = [
    `artifact: ${format}, ${digest}, ${totalBytes} bytes`,
    `recognised: ${reason}`,
    `platform: ${platform}`,
  ];
  if ('application' in artifact) {
    const { component, triggers } = artifact.application;
    lines.push(`spin: component ${component}, triggered by ${triggers.join(', ') || 'nothing'}`);
  }
  if ('program' in artifact) {
    const { entrypoint, cmd, env, workingDir } = artifact.program;
    lines.push(`runs: ${JSON.stringify([...entrypoint, ...cmd])} in ${workingDir}`);
    lines.push(...env.map(([name, value]) => `env ${name}=${value}`));
  }
  return lines;
}

function describeNames({ description }: WasmVerdict): readonly string[] {
  switch (description.kind) {
    case 'module':
      return [
        ...description.memories.map(
          ({ minPages, maxPages, imported, shared }) =>
            `memory: ${minPages} to ${maxPages ?? 65_536} pages of 64 KiB${imported ? ', imported' : ''}${shared ? ', shared' : ''}`,
        ),
        ...description.imports.map(({ module: from, name, kind }) => `import ${kind} ${from} ${name}`),
        ...description.exports.map(({ name, kind }) => `export ${kind} ${name}`),
      ];
    case 'component':
      return [
        ...description.imports.map((name) => `import ${name}`),
        ...description.exports.map((name) => `export ${name}`),
      ];
    case 'wit-package':
      return description.exports.map((name) => `export ${name}`);
  }
}

const kinds = { module: 'core module', component: 'component', 'wit-package': 'WIT package' } as const;

/** Names in a foreign binary may hold what a terminal would obey. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}
