/**
 * The host module that gives guests `wasi_experimental_http`, loaded in the guest's own process by the URL in
 * `experimentalHttpUrl`. Not for import by applications.
 *
 * @packageDocumentation
 */
import { createEgressGuard } from '@wasmlet/egress';
import type { HostContext, HostImports } from '@wasmlet/wasm-runtime/host';
import { createCalls } from './abi/calls.ts';
import type { HttpClient } from './client/http-client.ts';
import { readConfig } from './policy/config.ts';

export const contract = 1;
export const namespaces: readonly string[] = ['wasi_experimental_http'];

/** Loads undici, and lets it load what it puts off. */
export async function load(): Promise<void> {
  await loadClient();
  const { warmUp } = await import('./client/warm-up.ts');
  await warmUp();
}

// Loaded once; what has been imported before is not read again.
const loadClient = () => import('./client/http-client.ts');

export function imports(context: HostContext): HostImports {
  const config = readConfig(context.config);
  const { timeouts, maxBodyBytes } = config;
  const guard = createEgressGuard(config);
  let client: HttpClient | undefined;
  const calls = createCalls({
    guard,
    maxResponses: config.maxConcurrentRequests ?? Number.POSITIVE_INFINITY,
    maxBodyBytes: maxBodyBytes ?? Number.POSITIVE_INFINITY,
    memory: () => context.memory(),
    report: (denial) => context.report(denial),
    async client() {
      const { createHttpClient } = await loadClient();
      client ??= createHttpClient({ guard, timeouts, maxBodyBytes });
      return client;
    },
  });
  context.onEnd(async () => {
    calls.end();
    await client?.destroy();
  });
  return {
    wasi_experimental_http: {
      req: { waits: true, call: calls.req },
      close: { waits: false, call: calls.close },
      header_get: { waits: false, call: calls.headerGet },
      headers_get_all: { waits: false, call: calls.headersGetAll },
      body_read: { waits: true, call: calls.bodyRead },
    },
  };
}
