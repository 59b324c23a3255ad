import { Command } from 'commander';
import { untilInterrupted } from '../daemon/signals.ts';
import { addRegistryOptions, type RegistryFlags } from './registry-options.ts';
import { outputOption, printResult, type OutputFormat, type Terminal } from './terminal.ts';

interface PullFlags extends RegistryFlags {
  readonly out: string;
  readonly output: OutputFormat;
}

/** `wasmlet pull`: an artifact from a registry to a file. */
export function pullCommand(terminal: Terminal): Command {
  return addRegistryOptions(
    new Command('pull')
      .description('pull a module or component from a registry to a file')
      .argument('<reference>', 'REGISTRY/REPOSITORY:TAG, or with @DIGEST')
      .option('-o, --out <file>', 'where to write it', 'module.wasm'),
  )
    .addOption(outputOption())
    .action((reference: string, flags: PullFlags) => pull(terminal, reference, flags));
}

async function pull(terminal: Terminal, text: string, flags: PullFlags): Promise<void> {
  const [{ formatReference }, { fetchArtifact }, { referenceArgument }, { replaceFile }] = await Promise.all([
    import('@wasmlet/oci-wasm'),
    import('../registry/fetch-artifact.ts'),
    import('../registry/reference-argument.ts'),
    import('../local/replace-file.ts'),
  ]);
  const name = formatReference(referenceArgument(text));
  using interruption = untilInterrupted();
  const { artifact, bytes } = await fetchArtifact(terminal, name, {
    flags,
    signal: interruption.signal,
  });
  await replaceFile(flags.out, bytes);
  const { digest, format, kind } = artifact;
  const layer = 'layer' in artifact ? { layer: artifact.layer.digest } : {};
  printResult(
    terminal,
    flags.output,
    { reference: name, digest, ...layer, size: bytes.length, format, kind, file: flags.out },
    `Pulled: ${name}\nSize: ${bytes.length}\nDigest: ${digest}\nFile: ${flags.out}`,
  );
}
