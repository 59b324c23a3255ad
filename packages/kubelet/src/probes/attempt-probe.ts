import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { kubernetesVersion } from '../node/node-object.ts';
import type { ProbeAction } from './probe-spec.ts';

export type ProbeOutcome =
  | { readonly healthy: true }
  /** In upstream's words; nothing of what the container answers is in it. */
  | { readonly healthy: false; readonly message: string };

export interface ProbeAttempt {
  /** Of the pod. */
  readonly host: string;
  readonly timeoutMs: number;
  /** Ends it; then it counts as failed. */
  readonly signal: AbortSignal;
}

const maxRedirects = 10;

/** Does a probe once. Never rejects. */
export async function attemptProbe(action: ProbeAction, attempt: ProbeAttempt): Promise<ProbeOutcome> {
  const late = AbortSignal.timeout(attempt.timeoutMs);
  const signal = AbortSignal.any([attempt.signal, late]);
  const host = action.host ?? attempt.host;
  const isV6 = host.includes(':');
  const authority = `${isV6 ? `[${host}]` : host}:${action.port}`;
  const shown =
    action.kind === 'tcp' ? `dial tcp ${authority}` : `Get "${action.scheme}://${authority}${action.path}"`;
  try {
    if (action.kind === 'http')
      return await askByHttp(action, new URL(`${action.scheme}://${authority}`), signal);
    await connectOnce(host, action.port, signal);
    return { healthy: true };
  } catch (error) {
    const why = late.aborted ? 'context deadline exceeded' : (error as Error).message;
    return { healthy: false, message: `${shown}: ${why}` };
  }
}

async function connectOnce(host: string, port: number, signal: AbortSignal): Promise<void> {
  const socket = connect({ host, port });
  socket.on('error', () => {}); // once() tells the first
  try {
    await once(socket, 'connect', { signal });
  } finally {
    socket.destroy();
  }
}

type HttpAction = ProbeAction & { readonly kind: 'http' };

/** Redirects are followed to the same host; one to another host is an answer as good as any. */
async function askByHttp(
  { path, headers }: HttpAction,
  origin: URL,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  let url = new URL(origin.origin + path);
  for (let hop = 0; hop <= maxRedirects; hop += 1) {
    const { statusCode = 0, location } = await get(url, headers, signal);
    const next =
      location !== undefined && URL.canParse(location, url.href) ? new URL(location, url) : undefined;
    const redirects = statusCode >= 300 && statusCode < 400 && next !== undefined;
    if (!redirects || next.hostname !== url.hostname) {
      if (statusCode >= 200 && statusCode < 400) return { healthy: true };
      return { healthy: false, message: `HTTP probe failed with statuscode: ${statusCode}` };
    }
    url = next;
  }
  return { healthy: false, message: `stopped after ${maxRedirects} redirects` };
}

interface Answer {
  readonly statusCode: number | undefined;
  readonly location: string | undefined;
}

async function get(url: URL, headers: HttpAction['headers'], signal: AbortSignal): Promise<Answer> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const given = new Set(headers.map(([name]) => name.toLowerCase()));
  const own = [
    ['User-Agent', `kube-probe/${kubernetesVersion.replace(/^v(\d+\.\d+).*$/, '$1')}`],
    ['Accept', '*/*'],
    ['Host', url.host],
    ['Connection', 'close'],
  ].filter(([name = '']) => !given.has(name.toLowerCase()));
  const request = send(url, {
    agent: false,
    signal,
    rejectUnauthorized: false, // as upstream: the certificate is for clients of the Service
    headers: [...own, ...headers].flat(),
  });
  request.on('error', () => {}); // of what comes after the answer
  request.end();
  try {
    const [response] = (await once(request, 'response', { signal })) as [IncomingMessage];
    return { statusCode: response.statusCode, location: response.headers.location };
  } finally {
    request.destroy();
  }
}
