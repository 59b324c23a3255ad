import { homedir, hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { PodIsolation } from '@wasmlet/wasm-provider';
import type { ConfigFile } from './config-file.ts';
import { UsageError } from '../errors.ts';
import { parseBoolean, parseDuration, parseInteger, parseLabels, parseList } from './values.ts';

/** Everything `wasmlet node` can be told, resolved: flag > `WASMLET_*` > `KRUSTLET_*` > file > default. */
export interface NodeConfig {
  readonly address: string;
  readonly port: number;
  readonly healthzPort: number;
  readonly maxPods: number;
  readonly nodeName: string;
  /** Address by which the API server reaches this node; found on the machine when absent. */
  readonly nodeIp: string | undefined;
  /** Given explicitly; only then listed as an address of the node. */
  readonly hostname: string | undefined;
  /** The machine's name, or `hostname`: names the serving certificate's request. */
  readonly certificateHostname: string;
  readonly nodeLabels: Readonly<Record<string, string>>;
  /** Absolute. */
  readonly dataDirectory: string;
  readonly bootstrapFile: string;
  /** Where the node's own kubeconfig is written and read. */
  readonly kubeconfig: string | undefined;
  readonly certFile: string | undefined;
  readonly privateKeyFile: string | undefined;
  /** CA of client certificates on the node's API; the cluster's CA when absent. */
  readonly clientCaFile: string | undefined;
  readonly insecureRegistries: readonly string[];
  /** containerd's folders of `hosts.toml`. */
  readonly registryHostsDirectory: string | undefined;
  /** The kubelet's plug-ins for credentials: both or none. */
  readonly credentialProviderConfig: string | undefined;
  readonly credentialProviderBinDirectory: string | undefined;
  /** Which images have to be signed, and by whom. */
  readonly signaturePolicyFile: string | undefined;
  /** When images that no pod uses are removed. */
  readonly imageCollection: {
    /** Of the disk; 100: never. */
    readonly highPercent: number;
    readonly lowPercent: number;
    readonly minimumAgeMs: number;
  };
  readonly egressAllow: readonly string[];
  /** Undefined: any host. */
  readonly egressCeiling: readonly string[] | undefined;
  readonly egressGuard: readonly string[];
  /** How pods may be kept apart; the first is the default. */
  readonly isolation: readonly PodIsolation[];
  readonly allowLocalModules: boolean;
  readonly standalone: boolean;
  readonly manifests: string | undefined;
}

/** Flags of `wasmlet node` as commander delivers them: text, or absent. */
export interface NodeFlags {
  readonly addr?: string;
  readonly port?: string;
  readonly healthzPort?: string;
  readonly maxPods?: string;
  readonly nodeName?: string;
  readonly nodeIp?: string;
  readonly hostname?: string;
  readonly nodeLabels?: string;
  readonly dataDir?: string;
  readonly bootstrapFile?: string;
  readonly certFile?: string;
  readonly privateKeyFile?: string;
  readonly clientCaFile?: string;
  readonly insecureRegistries?: string;
  readonly registryHostsDir?: string;
  readonly imageCredentialProviderConfig?: string;
  readonly imageCredentialProviderBinDir?: string;
  readonly signaturePolicy?: string;
  readonly imageGcHighThreshold?: string;
  readonly imageGcLowThreshold?: string;
  readonly minimumImageTtlDuration?: string;
  readonly egressAllow?: readonly string[];
  readonly egressCeiling?: readonly string[];
  readonly egressGuard?: readonly string[];
  readonly isolation?: string;
  readonly xAllowLocalModules?: string | boolean;
  readonly standalone?: boolean;
  readonly manifests?: string;
  readonly pluginsDir?: string;
  readonly devicePluginsDir?: string;
}

export interface ConfigSources {
  readonly flags: NodeFlags;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file: ConfigFile;
  /** Whether the daemon runs as root; decides the default data directory. */
  readonly root: boolean;
}

/**
 * Resolves the configuration of a node.
 *
 * @throws {@link UsageError} naming the flag, variable or key whose value cannot be used.
 */
export function resolveNodeConfig({ flags, env, file, root }: ConfigSources): NodeConfig {
  refusePlugins(flags, env, file);
  const text = (
    flag: string | undefined,
    names: readonly string[],
    key: string | undefined,
  ): string | undefined => flag ?? firstOf(env, names) ?? key;
  const integer = (
    name: string,
    flag: string | undefined,
    names: readonly string[],
    key: unknown,
    fallback: number,
    max?: number,
  ) => parseInteger(name, flag ?? firstOf(env, names) ?? key ?? fallback, max);

  const machine = hostname().toLowerCase();
  const givenHostname = text(flags.hostname, both('HOSTNAME'), file.hostname);
  const labels = text(flags.nodeLabels, ['WASMLET_NODE_LABELS', 'NODE_LABELS'], undefined);
  return {
    address: text(flags.addr, both('ADDRESS'), file.listenerAddress) ?? '0.0.0.0',
    port: integer('--port', flags.port, both('PORT'), file.listenerPort, 3000, maxPort),
    healthzPort: integer(
      '--healthz-port',
      flags.healthzPort,
      ['WASMLET_HEALTHZ_PORT'],
      file.healthzPort,
      10248,
      maxPort,
    ),
    maxPods: integer('--max-pods', flags.maxPods, ['WASMLET_MAX_PODS', 'MAX_PODS'], file.maxPods, 110),
    nodeName: checkNodeName(text(flags.nodeName, both('NODE_NAME'), file.nodeName) ?? machine),
    nodeIp: text(flags.nodeIp, both('NODE_IP'), file.nodeIP),
    hostname: givenHostname,
    certificateHostname: givenHostname ?? machine,
    nodeLabels: labels === undefined ? (file.nodeLabels ?? {}) : parseLabels('--node-labels', labels),
    dataDirectory: resolve(
      text(flags.dataDir, both('DATA_DIR'), file.dataDir) ??
        (root ? '/var/lib/wasmlet' : join(homedir(), '.wasmlet')),
    ),
    bootstrapFile:
      text(flags.bootstrapFile, both('BOOTSTRAP_FILE'), file.bootstrapFile) ??
      '/etc/kubernetes/bootstrap-kubelet.conf',
    kubeconfig: env['KUBECONFIG'] || undefined,
    certFile: text(flags.certFile, both('CERT_FILE'), file.tlsCertificateFile),
    privateKeyFile: text(flags.privateKeyFile, both('PRIVATE_KEY_FILE'), file.tlsPrivateKeyFile),
    clientCaFile: text(flags.clientCaFile, ['WASMLET_CLIENT_CA_FILE'], file.clientCAFile),
    insecureRegistries:
      parseList(text(flags.insecureRegistries, both('INSECURE_REGISTRIES'), undefined)) ??
      file.insecureRegistries ??
      [],
    registryHostsDirectory: text(
      flags.registryHostsDir,
      ['WASMLET_REGISTRY_HOSTS_DIR'],
      file.registryHostsDir,
    ),
    credentialProviderConfig: text(
      flags.imageCredentialProviderConfig,
      ['WASMLET_IMAGE_CREDENTIAL_PROVIDER_CONFIG'],
      file.imageCredentialProviderConfig,
    ),
    credentialProviderBinDirectory: text(
      flags.imageCredentialProviderBinDir,
      ['WASMLET_IMAGE_CREDENTIAL_PROVIDER_BIN_DIR'],
      file.imageCredentialProviderBinDir,
    ),
    signaturePolicyFile: text(flags.signaturePolicy, ['WASMLET_SIGNATURE_POLICY'], file.signaturePolicy),
    imageCollection: imageCollection({ flags, env, file }),
    egressAllow: flags.egressAllow ?? parseList(env['WASMLET_EGRESS_ALLOW']) ?? file.egressAllow ?? [],
    egressCeiling: flags.egressCeiling ?? parseList(env['WASMLET_EGRESS_CEILING']) ?? file.egressCeiling,
    egressGuard: flags.egressGuard ?? parseList(env['WASMLET_EGRESS_GUARD']) ?? file.egressGuard ?? [],
    isolation: isolationOf(
      parseList(text(flags.isolation, ['WASMLET_ISOLATION'], undefined)) ?? file.isolation ?? ['process'],
    ),
    allowLocalModules: parseBoolean(
      '--x-allow-local-modules',
      flags.xAllowLocalModules ??
        firstOf(env, both('ALLOW_LOCAL_MODULES')) ??
        file.allowLocalModules ??
        false,
    ),
    standalone: flags.standalone ?? false,
    manifests: text(flags.manifests, ['WASMLET_MANIFESTS'], file.manifests),
  };
}

const maxPort = 65_535;

function isolationOf(words: readonly string[]): readonly PodIsolation[] {
  const known = words.filter((word) => word === 'process' || word === 'thread');
  if (known.length === 0 || known.length < words.length) {
    throw new UsageError(`--isolation "${words.join(',')}" is not one or both of process, thread.`);
  }
  return known;
}

const both = (name: string): readonly string[] => [`WASMLET_${name}`, `KRUSTLET_${name}`];

function firstOf(env: ConfigSources['env'], names: readonly string[]): string | undefined {
  return names.map((name) => env[name]).find((value) => value !== undefined && value !== '');
}

/** As the kubelet's, with its defaults. */
function imageCollection({ flags, env, file }: Omit<ConfigSources, 'root'>): NodeConfig['imageCollection'] {
  const highPercent = parseInteger(
    '--image-gc-high-threshold',
    flags.imageGcHighThreshold ??
      firstOf(env, ['WASMLET_IMAGE_GC_HIGH_THRESHOLD']) ??
      file.imageGCHighThresholdPercent ??
      85,
    100,
  );
  const lowPercent = parseInteger(
    '--image-gc-low-threshold',
    flags.imageGcLowThreshold ??
      firstOf(env, ['WASMLET_IMAGE_GC_LOW_THRESHOLD']) ??
      file.imageGCLowThresholdPercent ??
      80,
    100,
  );
  if (lowPercent >= highPercent) {
    throw new UsageError(
      `--image-gc-low-threshold ${lowPercent} is not below --image-gc-high-threshold ${highPercent}.`,
    );
  }
  const minimumAgeMs = parseDuration(
    '--minimum-image-ttl-duration',
    flags.minimumImageTtlDuration ??
      firstOf(env, ['WASMLET_MINIMUM_IMAGE_TTL_DURATION']) ??
      file.imageMinimumGCAge ??
      '2m',
  );
  return { highPercent, lowPercent, minimumAgeMs };
}

/** CSI and device plug-ins are not supported: silently ignoring their folders would look like they were. */
function refusePlugins(flags: NodeFlags, env: ConfigSources['env'], file: ConfigFile): void {
  const given = [
    ['--plugins-dir', flags.pluginsDir],
    ['KRUSTLET_PLUGINS_DIR', env['KRUSTLET_PLUGINS_DIR']],
    ['pluginsDir', file.pluginsDir],
    ['--device-plugins-dir', flags.devicePluginsDir],
    ['KRUSTLET_DEVICE_PLUGINS_DIR', env['KRUSTLET_DEVICE_PLUGINS_DIR']],
    ['devicePluginsDir', file.devicePluginsDir],
  ] as const;
  const found = given.find(([, value]) => value !== undefined && value !== '');
  if (found) {
    throw new UsageError(
      `${found[0]} is not supported: wasmlet has no CSI or device plug-ins yet. Remove it.`,
    );
  }
}

function checkNodeName(name: string): string {
  const lower = name.toLowerCase();
  if (
    !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(lower) ||
    lower.length > 253
  ) {
    throw new UsageError(`--node-name "${name}" is no DNS subdomain: use letters, digits, "-" and ".".`);
  }
  return lower;
}
