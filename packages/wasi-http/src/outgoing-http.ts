/**
 * The host module that gives components `wasi:http/types` and `wasi:http/outgoing-handler`, loaded in the guest's own process
 * by the URL in `outgoingHttpUrl`. Not for import by applications.
 *
 * @packageDocumentation
 */
import type { HostContext, HostInterface } from '@wasmlet/wasm-runtime/host';
import { readConfig } from './policy/config.ts';

export const contract = 1;
export const namespaces: readonly string[] = ['wasi:http/types', 'wasi:http/outgoing-handler'];

/** Loads the interfaces and undici, and lets undici load what it puts off. */
export async function load(): Promise<void> {
  await Promise.all([loadInterfaces(), import('./outgoing/outgoing-client.ts')]);
  const { warmUp } = await import('./client/warm-up.ts');
  await warmUp();
}

// Loaded once, and only for components: what has been imported before is not read again.
const loadInterfaces = () => import('./outgoing/command-http.ts');

export async function interfaces(context: HostContext): Promise<readonly HostInterface[]> {
  const config = readConfig(context.config);
  const { commandHttp } = await loadInterfaces();
  const http = commandHttp(config, (denial) => context.report(denial));
  context.onEnd(() => http.close());
  return http.interfaces;
}
