import { hostname } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { exitCodeOf, Interrupted, untilInterrupted } from '../daemon/signals.ts';
import { CommandError } from '../errors.ts';
import { isTerminal } from '../local/pod-rows.ts';
import type { Standalone } from '../local/standalone.ts';
import { insecureRegistriesOption, type RegistryFlags, registryHostsOption } from './registry-options.ts';
import type { Finish, Terminal } from './terminal.ts';

interface PlayFlags extends RegistryFlags {
  readonly egressAllow: readonly string[];
  readonly xAllowLocalModules?: boolean;
  readonly logLevel: string;
}

/** `wasmlet play`: manifests in the foreground, without a cluster, as `podman kube play` runs them. */
export function playCommand(terminal: Terminal, finish: Finish): Command {
  return new Command('play')
    .description('run the pods of manifests here, without a cluster, until they end')
    .argument('<manifests...>', 'files with Pod, Deployment, Job, ConfigMap and Secret')
    .option(
      '--egress-allow <cidr|host>',
      'private range or host that pods may reach when their allow-list names it (repeatable)',
      (value: string, previous: readonly string[]) => [...previous, value],
      [],
    )
    .addOption(insecureRegistriesOption())
    .addOption(registryHostsOption())
    .option('--x-allow-local-modules', 'take images of the form fs/PATH from this machine')
    .option('--log-level <level>', 'debug, info, warn, error or silent', 'warn')
    .addHelpText('after', '\nExit status: 0 when every pod succeeded, 1 when one failed, 130 after Ctrl-C.')
    .action(async (files: readonly string[], flags: PlayFlags) => {
      finish(await play(terminal, files, flags));
    });
}

async function play(terminal: Terminal, files: readonly string[], flags: PlayFlags): Promise<number> {
  const [
    { createWasmProvider },
    { createLogger },
    { startStandalone },
    { readManifests },
    { followLogs },
    { openScratchDirectory },
    { keptCredentials, registrySettings },
  ] = await Promise.all([
    import('@wasmlet/wasm-provider'),
    import('../daemon/logging.ts'),
    import('../local/standalone.ts'),
    import('../local/manifests.ts'),
    import('../local/log-lines.ts'),
    import('../local/scratch-directory.ts'),
    import('../registry/registry-access.ts'),
  ]);
  const manifests = (await Promise.all(files.map((file) => readManifests(file)))).flat();
  const { hosts, ...settings } = await registrySettings(terminal.env, flags);
  using interruption = untilInterrupted();
  await using scratch = await openScratchDirectory();
  const logger = createLogger(terminal, flags.logLevel);
  await using node = await startStandalone({
    nodeName: hostname().toLowerCase(),
    dataDirectory: scratch.path,
    logger,
    provider: createWasmProvider({
      contentDirectory: join(scratch.path, 'content'),
      version: terminal.version,
      egressGrants: flags.egressAllow,
      credentials: keptCredentials(terminal.env),
      ...settings,
      ...(hosts === undefined ? {} : { registryHosts: hosts }),
      allowLocalModules: flags.xAllowLocalModules ?? false,
      logger,
    }),
  });
  const pods = manifests.flatMap((manifest) => node.apply(manifest));
  if (pods.length === 0) {
    throw new CommandError('MANIFEST', `${files.join(', ')}: there is no pod to run`);
  }
  await using lines = followLogs(node, ({ pod, container, text }) => {
    terminal.stdout.write(`${pod}/${container}: ${text}\n`);
  });
  await allTerminal(node, interruption.signal);
  if (!interruption.signal.aborted) await lines.delivered();
  if (interruption.signal.reason instanceof Interrupted) {
    return exitCodeOf(interruption.signal.reason);
  }
  const failed = node.pods().filter((pod) => pod.status?.phase === 'Failed');
  for (const pod of failed) {
    terminal.stderr.write(
      `wasmlet: pod ${pod.metadata.name} failed: ${pod.status?.message ?? failureOf(pod)}\n`,
    );
  }
  return failed.length === 0 ? 0 : 1;
}

/** Resolves when every pod has ended, or `signal` aborts. */
function allTerminal(node: Standalone, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      unsubscribe();
      signal.removeEventListener('abort', settle);
      resolve();
    };
    const check = (): void => {
      if (node.pods().every(isTerminal)) settle();
    };
    const unsubscribe = node.onChange(check);
    signal.addEventListener('abort', settle, { once: true });
    node.stopped.catch(reject);
    if (signal.aborted) settle();
    else check();
  });
}

function failureOf(pod: ReturnType<Standalone['pods']>[number]): string {
  const ended = pod.status?.containerStatuses?.find(({ state }) => (state?.terminated?.exitCode ?? 0) !== 0);
  const { exitCode, reason, message } = ended?.state?.terminated ?? {};
  return ended
    ? `container ${ended.name}: ${reason} (${exitCode})${message ? `: ${message}` : ''}`
    : 'no container ran';
}
