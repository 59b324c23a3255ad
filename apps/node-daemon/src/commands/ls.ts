import { once } from 'node:events';
import { Command } from 'commander';
import { untilInterrupted } from '../daemon/signals.ts';
import { UsageError } from '../errors.ts';
import { addRegistryOptions, type RegistryFlags } from './registry-options.ts';
import { outputOption, type OutputFormat, type Terminal } from './terminal.ts';

interface LsFlags extends RegistryFlags {
  readonly output: OutputFormat;
}

/** `wasmlet ls`: the tags of a repository. */
export function lsCommand(terminal: Terminal): Command {
  return addRegistryOptions(
    new Command('ls')
      .description('list the tags of a repository')
      .argument('<repository>', 'REGISTRY/REPOSITORY'),
  )
    .addOption(outputOption())
    .action((repository: string, flags: LsFlags) => list(terminal, repository, flags));
}

async function list(terminal: Terminal, text: string, flags: LsFlags): Promise<void> {
  const [{ formatReference }, { openRegistryClient }, { referenceArgument }] = await Promise.all([
    import('@wasmlet/oci-wasm'),
    import('../registry/registry-access.ts'),
    import('../registry/reference-argument.ts'),
  ]);
  // By docker's rules these are names at Docker Hub.
  if (/^(localhost|[^/:@]*\.[^/:@]*)(:\d+)?\/?$/.test(text)) {
    throw new UsageError(`"${text}" is a registry; ls lists a repository of one: write REGISTRY/REPOSITORY.`);
  }
  const { registry, repository } = referenceArgument(text);
  using interruption = untilInterrupted();
  await using client = await openRegistryClient(terminal, flags, [registry]);
  const { signal } = interruption;
  const tags = client.repository({ registry, repository }, { readOnly: true }).list({ signal });
  const name = formatReference({ registry, repository });
  for await (const piece of flags.output === 'json' ? asJson(name, tags) : asLines(tags)) {
    // There may be a million: no more of them than the reader takes.
    if (!terminal.stdout.write(piece)) await once(terminal.stdout, 'drain', { signal });
  }
}

async function* asLines(tags: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  for await (const tag of tags) yield `${tag}\n`;
}

async function* asJson(
  repository: string,
  tags: AsyncIterable<string>,
): AsyncGenerator<string, void, undefined> {
  let before = `{"repository":${JSON.stringify(repository)},"tags":[`;
  for await (const tag of tags) {
    yield before + JSON.stringify(tag);
    before = ',';
  }
  yield `${before === ',' ? '' : before}]}\n`;
}
