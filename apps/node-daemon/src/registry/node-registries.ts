import { credentialProviderPlugins, readSignaturePolicy, registryHosts } from '@wasmlet/oci-wasm';
import type { WasmProviderOptions } from '@wasmlet/wasm-provider';
import type { Terminal } from '../commands/terminal.ts';
import type { NodeConfig } from '../config/node-config.ts';
import { proxyOf } from './registry-access.ts';

type RegistryOptions = Pick<
  WasmProviderOptions,
  'credentials' | 'registryHosts' | 'proxy' | 'insecureRegistries' | 'signaturePolicy'
>;

/**
 * How a node speaks to registries, and what it takes from them: mirrors, certificates, its own credentials, proxies,
 * signatures. Everything that is configured is read, so that what is wrong with it ends the start.
 *
 * @throws `OciError` `INVALID_CONFIG` naming the file.
 */
export async function openNodeRegistries(
  { env }: Pick<Terminal, 'env'>,
  config: Pick<
    NodeConfig,
    | 'credentialProviderConfig'
    | 'credentialProviderBinDirectory'
    | 'registryHostsDirectory'
    | 'insecureRegistries'
    | 'signaturePolicyFile'
  >,
): Promise<RegistryOptions> {
  const { credentialProviderConfig: configFile, credentialProviderBinDirectory: binDirectory } = config;
  const { registryHostsDirectory: directory, signaturePolicyFile: policyFile, insecureRegistries } = config;
  return {
    insecureRegistries,
    proxy: proxyOf(env),
    ...(configFile === undefined || binDirectory === undefined
      ? {}
      : { credentials: await credentialProviderPlugins({ configFile, binDirectory, env }) }),
    ...(directory === undefined ? {} : { registryHosts: await registryHosts({ directory }) }),
    ...(policyFile === undefined ? {} : { signaturePolicy: await readSignaturePolicy(policyFile) }),
  };
}
