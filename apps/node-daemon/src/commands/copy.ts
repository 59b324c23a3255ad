import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import type { OptionalPowers, Reference, RegistryClient, Target } from '@wasmlet/oci-wasm';
import { untilInterrupted } from '../daemon/signals.ts';
import { UsageError } from '../errors.ts';
import { addRegistryOptions, type RegistryFlags } from './registry-options.ts';
import { outputOption, printResult, type OutputFormat, type Terminal } from './terminal.ts';

interface CopyFlags extends RegistryFlags {
  readonly fromLayout?: string;
  readonly toLayout?: string;
  readonly referrers?: true;
  readonly output: OutputFormat;
}

/** `wasmlet copy`: an artifact of any kind from one registry or layout to another. */
export function copyCommand(terminal: Terminal): Command {
  return addRegistryOptions(
    new Command('copy')
      .description('copy an artifact, whole, between registries and OCI layouts')
      .argument('<source>', 'REGISTRY/REPOSITORY:TAG, or with @DIGEST')
      .argument('<destination>', 'REGISTRY/REPOSITORY:TAG')
      .option('--from-layout <directory>', 'OCI layout in which the source is a name')
      .option('--to-layout <directory>', 'OCI layout in which the destination becomes a name')
      .option('--referrers', 'also what refers to it: signatures, SBOMs'),
  )
    .addOption(outputOption())
    .action((source: string, destination: string, flags: CopyFlags) =>
      copyArtifact(terminal, source, destination, flags),
    );
}

async function copyArtifact(terminal: Terminal, from: string, to: string, flags: CopyFlags): Promise<void> {
  const [{ copy, formatReference }, { openRegistryClient }, { showProgress }, { referenceArgument }] =
    await Promise.all([
      import('@wasmlet/oci-wasm'),
      import('../registry/registry-access.ts'),
      import('../registry/progress.ts'),
      import('../registry/reference-argument.ts'),
    ]);
  const source = referenceArgument(from);
  const destination = referenceArgument(to);
  using interruption = untilInterrupted();
  await using client = await openRegistryClient(terminal, flags, [source.registry, destination.registry]);
  const { descriptor, transferred, mounted, there } = await showProgress(
    terminal,
    `copying ${from}`,
    async (onProgress) =>
      copy({
        from: await sourceOf(client, source, flags.fromLayout),
        to: await endOf(client, destination, flags.toLayout, false),
        source,
        destination,
        referrers: flags.referrers ?? false,
        onProgress,
        signal: interruption.signal,
      }),
  );
  const names = { source: formatReference(source), destination: formatReference(destination) };
  const { digest } = descriptor;
  printResult(
    terminal,
    flags.output,
    { ...names, digest, transferred, mounted, there },
    `Copied: ${names.source}\nTo: ${names.destination}\nDigest: ${digest}`,
  );
}

/** Opening a layout would make one where the name is misspelt. */
async function sourceOf(
  client: RegistryClient,
  source: Reference,
  layout: string | undefined,
): Promise<Target & OptionalPowers> {
  if (layout !== undefined && !existsSync(join(layout, 'oci-layout'))) {
    throw new UsageError(
      `There is no OCI layout in ${layout}: --from-layout is a folder with a file oci-layout.`,
    );
  }
  return endOf(client, source, layout, true);
}

async function endOf(
  client: RegistryClient,
  reference: Reference,
  layout: string | undefined,
  readOnly: boolean,
): Promise<Target & OptionalPowers> {
  if (layout === undefined) return client.repository(reference, { readOnly });
  const { openLayoutStore } = await import('@wasmlet/oci-wasm');
  return openLayoutStore(layout);
}
