import { Command } from 'commander';
import { untilInterrupted } from '../daemon/signals.ts';
import { addRegistryOptions, type RegistryFlags } from './registry-options.ts';
import { outputOption, printResult, type OutputFormat, type Terminal } from './terminal.ts';

interface TagFlags extends RegistryFlags {
  readonly output: OutputFormat;
}

/** `wasmlet tag`: another name for what is in a registry. */
export function tagCommand(terminal: Terminal): Command {
  return addRegistryOptions(
    new Command('tag')
      .description('give an artifact in a registry another tag')
      .argument('<reference>', 'REGISTRY/REPOSITORY:TAG, or with @DIGEST')
      .argument('<tag>', 'what it is to be called as well'),
  )
    .addOption(outputOption())
    .action((reference: string, tag: string, flags: TagFlags) => addTag(terminal, reference, tag, flags));
}

async function addTag(terminal: Terminal, text: string, tag: string, flags: TagFlags): Promise<void> {
  const [{ formatReference, tagArtifact }, { openRegistryClient }, { referenceArgument, tagArgument }] =
    await Promise.all([
      import('@wasmlet/oci-wasm'),
      import('../registry/registry-access.ts'),
      import('../registry/reference-argument.ts'),
    ]);
  const reference = referenceArgument(text);
  const { registry, repository } = reference;
  const name = formatReference(tagArgument(reference, tag));
  using interruption = untilInterrupted();
  await using client = await openRegistryClient(terminal, flags, [registry]);
  const { digest } = await tagArtifact({
    at: client.repository({ registry, repository }),
    reference,
    tag,
    signal: interruption.signal,
  });
  printResult(terminal, flags.output, { reference: name, digest }, `Tagged: ${name}\nDigest: ${digest}`);
}
