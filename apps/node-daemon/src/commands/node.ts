import { delimiter } from 'node:path';
import process from 'node:process';
import { Command } from 'commander';
import type { NodeConfig, NodeFlags } from '../config/node-config.ts';
import { untilInterrupted } from '../daemon/signals.ts';
import { describeError, UsageError } from '../errors.ts';
import { insecureRegistriesOption, registryHostsOption } from './registry-options.ts';
import type { Finish, Terminal } from './terminal.ts';

interface NodeCommandFlags extends NodeFlags {
  readonly config?: string;
  readonly logLevel?: string;
}

/** For options that may be repeated, and be absent. */
const collectAny = (value: string, previous: readonly string[] | undefined): readonly string[] => [
  ...(previous ?? []),
  value,
];

/** `wasmlet node`: the daemon. Krustlet's flags mean what they meant. */
export function nodeCommand(terminal: Terminal, finish: Finish): Command {
  return new Command('node')
    .description('run a Kubernetes node until SIGINT or SIGTERM')
    .option('-a, --addr <ip>', 'address that the node listens on (0.0.0.0)')
    .option('-p, --port <port>', "port of the node's HTTPS API (3000)")
    .option('--healthz-port <port>', 'port of /healthz on loopback (10248)')
    .option('-n, --node-ip <ip>', 'address by which the API server reaches this node (found when absent)')
    .option('--node-name <name>', "name of the node (the machine's, in lower case)")
    .option('--hostname <name>', 'host name, listed as an address of the node when given')
    .option('--node-labels <k=v,...>', 'labels of the node')
    .option('--max-pods <n>', 'most pods on this node (110)')
    .option('--data-dir <dir>', 'where the node keeps its data (/var/lib/wasmlet for root, else ~/.wasmlet)')
    .option(
      '--bootstrap-file <file>',
      'kubeconfig with a bootstrap token (/etc/kubernetes/bootstrap-kubelet.conf)',
    )
    .option('--cert-file <file>', 'serving certificate of your own, PEM')
    .option('--private-key-file <file>', 'its key, PEM')
    .option('--client-ca-file <file>', "CAs of the callers of the node's API (the cluster's)")
    .addOption(insecureRegistriesOption())
    .addOption(registryHostsOption())
    .option(
      '--image-credential-provider-config <file>',
      "the kubelet's configuration of credential providers",
    )
    .option('--image-credential-provider-bin-dir <dir>', 'folder of the credential providers')
    .option('--signature-policy <file>', 'which images have to be signed, and by whom (YAML or JSON)')
    .option('--image-gc-high-threshold <percent>', 'of the disk in use: beyond it unused images go (85)')
    .option('--image-gc-low-threshold <percent>', 'of the disk in use: they go until it is no more (80)')
    .option('--minimum-image-ttl-duration <duration>', 'an image that was used more recently stays (2m)')
    .option(
      '--egress-allow <cidr|host>',
      'private range or host that pods may reach when their allow-list names it (repeatable)',
      collectAny,
    )
    .option(
      '--egress-ceiling <entry>',
      'what the allow-lists of pods are held to, as *.example.com (repeatable)',
      collectAny,
    )
    .option(
      '--egress-guard <cidr|host>',
      "range or host of the cluster's own, that needs an --egress-allow of its own (repeatable)",
      collectAny,
    )
    .option('--isolation <list>', 'how pods may be kept apart, the default first: process,thread (process)')
    .option('--x-allow-local-modules [true|false]', 'take images of the form fs/PATH from this machine')
    .option('--standalone', 'run the pods of --manifests, without an API server')
    .option('--manifests <dir>', 'folder with the manifests of --standalone')
    .option('--plugins-dir <dir>', 'not supported')
    .option('--device-plugins-dir <dir>', 'not supported')
    .option('--config <file>', 'YAML or JSON; ~/.wasmlet/config/config.yaml is read when absent')
    .option('--log-level <level>', 'trace, debug, info, warn, error or silent (info)')
    .addHelpText(
      'after',
      '\nFlags win over WASMLET_* variables (WASMLET_NODE_IP, ...), those over KRUSTLET_*, MAX_PODS and NODE_LABELS, those\n' +
        'over the file. KUBECONFIG is where the node keeps its own credentials; never your own.\n' +
        'Exit status: 0 when it was stopped, 1 when it failed, 2 for what it cannot be told.',
    )
    .action(async (flags: NodeCommandFlags) => {
      finish(await node(terminal, flags));
    });
}

async function node(terminal: Terminal, flags: NodeCommandFlags): Promise<number> {
  const [{ readConfigFile }, { resolveNodeConfig }, { createLogger }] = await Promise.all([
    import('../config/config-file.ts'),
    import('../config/node-config.ts'),
    import('../daemon/logging.ts'),
  ]);
  const { env } = terminal;
  const file = await readConfigFile(flags.config);
  const config = resolveNodeConfig({ flags, env, file, root: process.getuid?.() === 0 });
  checkMode(config);
  const logger = createLogger(terminal, flags.logLevel ?? (env['WASMLET_LOG_LEVEL'] || undefined));
  using interruption = untilInterrupted();
  const { signal } = interruption;
  try {
    if (config.standalone) {
      const { runStaticNode } = await import('../daemon/static-node.ts');
      await runStaticNode(terminal, config, config.manifests ?? '', { logger, signal });
    } else {
      const { runClusterNode } = await import('../daemon/cluster-node.ts');
      await runClusterNode(terminal, config, { logger, signal });
    }
  } catch (error) {
    if (!(signal.aborted && error === signal.reason)) {
      const { code } = error as { readonly code?: unknown };
      logger.fatal(typeof code === 'string' ? { code } : {}, describeError(error));
      return 1;
    }
  }
  logger.info('stopped');
  return 0;
}

function checkMode(config: NodeConfig): void {
  const { standalone, manifests, certFile, privateKeyFile, kubeconfig } = config;
  if (standalone && manifests === undefined) {
    throw new UsageError('--standalone needs the folder with the manifests: --manifests DIR.');
  }
  if (!standalone && manifests !== undefined) {
    throw new UsageError(
      '--manifests is for --standalone: a node in a cluster gets its pods from the API server.',
    );
  }
  if ((certFile === undefined) !== (privateKeyFile === undefined)) {
    throw new UsageError('--cert-file and --private-key-file belong together: give both or none.');
  }
  const { credentialProviderConfig, credentialProviderBinDirectory } = config;
  if ((credentialProviderConfig === undefined) !== (credentialProviderBinDirectory === undefined)) {
    throw new UsageError(
      '--image-credential-provider-config and --image-credential-provider-bin-dir belong together: give both or none.',
    );
  }
  if (kubeconfig?.includes(delimiter) === true) {
    throw new UsageError('KUBECONFIG names several files; the node needs one file of its own there.');
  }
}
