import { Command } from 'commander';
import type { WasmDescription } from '@wasmlet/wasm-binary';
import { parseList } from '../config/values.ts';
import { untilInterrupted } from '../daemon/signals.ts';
import { CommandError } from '../errors.ts';
import type { WasmSource } from '../local/module-source.ts';
import {
  insecureRegistriesOption,
  outputOption,
  printResult,
  type OutputFormat,
  type Terminal,
} from './terminal.ts';

interface InspectFlags {
  readonly insecureRegistries?: string;
  readonly output: OutputFormat;
}

/** `wasmlet inspect`: what a binary is, imports and exports; nothing of it is compiled. */
export function inspectCommand(terminal: Terminal): Command {
  return new Command('inspect')
    .description('show what a module or component is, imports and exports')
    .argument('<module>', 'file, or reference in a registry')
    .addOption(insecureRegistriesOption())
    .addOption(outputOption())
    .action((module: string, flags: InspectFlags) => inspect(terminal, module, flags));
}

async function inspect(terminal: Terminal, module: string, flags: InspectFlags): Promise<void> {
  const [{ describeWasm, WasmBinaryError }, { notWasm, readWasm }] = await Promise.all([
    import('@wasmlet/wasm-binary'),
    import('../local/module-source.ts'),
  ]);
  using interruption = untilInterrupted();
  const source = await readWasm(terminal, module, {
    insecureRegistries: parseList(flags.insecureRegistries) ?? [],
    signal: interruption.signal,
  });
  let description: WasmDescription;
  try {
    description = describeWasm(source.bytes);
  } catch (cause) {
    if (!(cause instanceof WasmBinaryError)) throw cause;
    if (cause.code === 'NOT_WASM') throw notWasm(module);
    throw new CommandError('MODULE', `${module} cannot be read: ${cause.message}`, { cause });
  }
  printResult(
    terminal,
    flags.output,
    { source: module, size: source.bytes.length, ...artifactFacts(source), ...description },
    describe(module, source, description),
  );
}

function artifactFacts({ artifact }: WasmSource): object {
  return artifact ? { digest: artifact.digest, format: artifact.format, platform: artifact.platform } : {};
}

function describe(module: string, { bytes, artifact }: WasmSource, description: WasmDescription): string {
  const lines = [`${module}: ${kinds[description.kind]}, ${bytes.length} bytes`];
  if (artifact) lines.push(`artifact: ${artifact.format}, ${artifact.digest}`);
  switch (description.kind) {
    case 'module':
      lines.push(
        ...description.memories.map(
          ({ minPages, maxPages, imported, shared }) =>
            `memory: ${minPages} to ${maxPages ?? 65_536} pages of 64 KiB${imported ? ', imported' : ''}${shared ? ', shared' : ''}`,
        ),
        ...description.imports.map(({ module: from, name, kind }) => `import ${kind} ${from} ${name}`),
        ...description.exports.map(({ name, kind }) => `export ${kind} ${name}`),
      );
      break;
    case 'component':
      lines.push(
        ...description.imports.map((name) => `import ${name}`),
        ...description.exports.map((name) => `export ${name}`),
      );
      break;
    case 'wit-package':
      lines.push(...description.exports.map((name) => `export ${name}`));
      break;
  }
  return lines.map(printable).join('\n');
}

const kinds = { module: 'core module', component: 'component', 'wit-package': 'WIT package' } as const;

/** Names in a foreign binary may hold what a terminal would obey. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}
