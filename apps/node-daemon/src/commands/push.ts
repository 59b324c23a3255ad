import { Command, InvalidArgumentError, Option } from 'commander';
import type { ArtifactFormat } from '@wasmlet/oci-wasm';
import { parseInteger } from '../config/values.ts';
import { untilInterrupted } from '../daemon/signals.ts';
import { CommandError, UsageError } from '../errors.ts';
import { addRegistryOptions, type RegistryFlags } from './registry-options.ts';
import { outputOption, printResult, type OutputFormat, type Terminal } from './terminal.ts';

interface PushFlags extends RegistryFlags {
  readonly annotation: Readonly<Record<string, string>>;
  readonly title?: string;
  readonly format: ArtifactFormat;
  readonly artifactType?: string;
  readonly output: OutputFormat;
}

/** `wasmlet push`: a file to a registry. */
export function pushCommand(terminal: Terminal): Command {
  return addRegistryOptions(
    new Command('push')
      .description('push a WebAssembly file to a registry')
      .argument('<file>', 'module or component')
      .argument('<reference>', 'REGISTRY/REPOSITORY:TAG')
      .addOption(
        new Option('--format <format>', 'artifact: the CNCF Wasm artifact, or what Krustlet pulls')
          .choices(['cncf', 'wasm-to-oci'])
          .default('cncf'),
      )
      .addOption(
        new Option(
          '--artifact-type <type>',
          "media type by which others find a cncf artifact (the manifest's artifactType)",
        ).argParser(mediaType),
      )
      .addOption(
        new Option('-a, --annotation <key=value>', "annotation of the artifact's manifest; may be repeated")
          .argParser(addAnnotation)
          .default({}, 'none'),
      )
      .option('--title <name>', 'name of the file, for tools that pull files'),
  )
    .addOption(outputOption())
    .addHelpText('after', '\nSOURCE_DATE_EPOCH (seconds) is the creation time that a cncf artifact tells.')
    .action((file: string, reference: string, flags: PushFlags) => push(terminal, file, reference, flags));
}

function mediaType(text: string): string {
  if (!/^[^/\s]+\/[^/\s]+$/.test(text)) throw new InvalidArgumentError('Write a media type.');
  return text;
}

function addAnnotation(
  text: string,
  others: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('Write it as KEY=VALUE.');
  return { ...others, [text.slice(0, equals)]: text.slice(equals + 1) };
}

async function push(terminal: Terminal, file: string, text: string, flags: PushFlags): Promise<void> {
  const [{ formatReference, pushArtifact }, { openRegistryClient }, { showProgress }, { referenceArgument }] =
    await Promise.all([
      import('@wasmlet/oci-wasm'),
      import('../registry/registry-access.ts'),
      import('../registry/progress.ts'),
      import('../registry/reference-argument.ts'),
    ]);
  const reference = referenceArgument(text);
  if (flags.artifactType !== undefined && flags.format !== 'cncf') {
    throw new UsageError(
      '--artifact-type is for --format cncf: what Krustlet pulls has none; leave one of them out.',
    );
  }
  const epoch = terminal.env['SOURCE_DATE_EPOCH'];
  const created = epoch ? new Date(parseInteger('SOURCE_DATE_EPOCH', epoch) * 1000) : new Date();
  using interruption = untilInterrupted();
  await using client = await openRegistryClient(terminal, flags, [reference.registry]);
  const pushed = await showProgress(terminal, `pushing ${file}`, (onProgress) =>
    pushArtifact({
      to: client,
      reference,
      module: file,
      format: flags.format,
      created,
      annotations: flags.annotation,
      ...(flags.title === undefined ? {} : { title: flags.title }),
      ...(flags.artifactType === undefined ? {} : { artifactType: flags.artifactType }),
      onProgress,
      signal: interruption.signal,
    }),
  ).catch((cause: unknown) => {
    const { syscall, message } = cause as NodeJS.ErrnoException;
    if (syscall === undefined) throw cause;
    throw new CommandError('FILE', `${file} cannot be read: ${message}`, { cause });
  });
  const name = formatReference(reference);
  const { digest, layer, transferred } = pushed;
  printResult(
    terminal,
    flags.output,
    { reference: name, digest, size: layer.size, format: flags.format, transferred },
    `Pushed: ${name}\nSize: ${layer.size}\nDigest: ${digest}`,
  );
}
