import { type ContainerSpec, ProviderError } from '@wasmlet/kubelet/provider';
import { HandlerError, incomingHandler, type IncomingHandlerOptions } from '@wasmlet/wasi-http';
import type { HostModules } from './guest-spec.ts';

/** JSON object that says how components that serve HTTP do so, as `{"reuse": 1000}`. */
export const httpServerAnnotation = 'wasmlet.dev/http-server';

/** Where a container that declares no port serves. */
const defaultPort = 8080;

/**
 * Lets a component that exports `wasi:http/incoming-handler` serve on its container's port: the one that is named `http`, or the
 * first of TCP.
 *
 * @param address of this machine, for pods have none of their own
 * @throws {@link ProviderError} `CONTAINER_CONFIG` naming the annotation if its value cannot be used
 */
export function httpServer(
  { ports }: Pick<ContainerSpec, 'ports'>,
  annotations: Readonly<Record<string, string>>,
  address: string,
): HostModules[number] {
  const tcp = ports.filter(({ protocol }) => protocol === 'TCP');
  const { containerPort: port = defaultPort } = tcp.find(({ name }) => name === 'http') ?? tcp[0] ?? {};
  const asked = annotations[httpServerAnnotation];
  const { limits, ...options } = asked === undefined ? { limits: {} } : parseOptions(asked);
  try {
    return incomingHandler({ ...options, limits, host: address, port });
  } catch (cause) {
    if (!(cause instanceof HandlerError)) throw cause;
    throw unusable(cause.message, cause);
  }
}

type Options = Pick<IncomingHandlerOptions, 'reuse' | 'waiting' | 'accessLog'> &
  Required<Pick<IncomingHandlerOptions, 'limits'>>;

/** Keys, with the types of their values. */
const own = { reuse: 'number', accessLog: 'boolean' } as const;
const limits = {
  maxConcurrent: 'number',
  requestMs: 'number',
  clientIdleMs: 'number',
  maxUrlBytes: 'number',
  maxHeaderBytes: 'number',
  maxBodyBytes: 'number',
} as const;
const known: Readonly<Record<string, 'number' | 'boolean' | 'waiting'>> = {
  ...own,
  ...limits,
  waiting: 'waiting',
};

function parseOptions(text: string): Options {
  const entries = Object.entries(parseObject(text));
  for (const [key, value] of entries) {
    const type = Object.hasOwn(known, key) ? known[key] : undefined;
    if (type === undefined) {
      throw unusable(`there is no "${key.slice(0, 40)}"; there are ${Object.keys(known).join(', ')}`);
    }
    const isFine = type === 'waiting' ? value === 'sync' || value === 'suspend' : typeof value === type;
    if (isFine) continue;
    const wanted =
      type === 'waiting' ? '"sync" or "suspend"' : type === 'number' ? 'a number' : 'true or false';
    throw unusable(`"${key}" is ${wanted}, not ${JSON.stringify(value).slice(0, 40)}`);
  }
  return {
    ...Object.fromEntries(entries.filter(([key]) => !Object.hasOwn(limits, key))),
    limits: Object.fromEntries(entries.filter(([key]) => Object.hasOwn(limits, key))),
  };
}

function parseObject(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw unusable(`is not JSON: write ${example}`, cause);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw unusable(`is no object: write ${example}`);
}

const example = '{"reuse": 1000}';

function unusable(problem: string, cause?: unknown): ProviderError {
  return new ProviderError('CONTAINER_CONFIG', `annotation ${httpServerAnnotation}: ${problem}`, { cause });
}
