import type { V1CertificateSigningRequest } from '@kubernetes/client-node';
import { type Listed, reflect } from '../cluster/api-server/reflector.ts';
import { apiPath, type Transport } from '../cluster/api-server/transport.ts';
import { ClusterError } from '../cluster/cluster.ts';
import type { Clock } from '../node/clock.ts';
import type { Logger } from '../node/logger.ts';
import { waitingForApiServer } from './api-server-wait.ts';
import { readCertificate } from './certificate-facts.ts';
import { IdentityError } from './identity-error.ts';
import { encodeRequest, isSameRequest, type SigningRequest } from './signing-request.ts';

export interface SigningOptions {
  readonly transport: Transport;
  readonly request: SigningRequest;
  /** Names of the CertificateSigningRequest; the next one is taken where one is in other use. */
  readonly names: readonly string[];
  /** How long to wait for approval once the request is there, in milliseconds. */
  readonly timeoutMs: number;
  /** Called once when the request is there and waits for somebody's approval. */
  readonly onPending?: (name: string) => void;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly signal: AbortSignal;
}

type Csr = V1CertificateSigningRequest & Listed;

const collection = '/apis/certificates.k8s.io/v1/certificatesigningrequests';

/**
 * Asks the cluster for a certificate and waits until it is issued; an API server that is away is waited for. A
 * request of the same name for the same key and names is taken up again. Resolves with PEM; rejects with
 * {@link IdentityError} `BOOTSTRAP_REFUSED`, `REQUEST_DENIED`, `REQUEST_FAILED`, `REQUEST_FORBIDDEN`, `REQUEST_TIMEOUT`.
 */
export async function obtainCertificate(options: SigningOptions): Promise<string> {
  const { clock, timeoutMs, signal, onPending } = options;
  const csr = await submit(options);
  const { name } = csr.metadata;
  const early = outcome(csr);
  if (early !== undefined) return early;
  onPending?.(name);

  const waiting = new AbortController();
  const stop = AbortSignal.any([signal, waiting.signal]);
  const timeout = clock
    .sleep(timeoutMs, { signal: waiting.signal })
    .then(() => waiting.abort(timeoutError(name, timeoutMs)))
    .catch(() => undefined);
  try {
    return await awaitOutcome(name, { ...options, signal: stop });
  } catch (error) {
    stop.throwIfAborted();
    throw error;
  } finally {
    waiting.abort();
    await timeout;
  }
}

/** The request under the first of the names that it can have. */
async function submit(options: SigningOptions): Promise<Csr> {
  const { request, names, clock } = options;
  const spec = {
    request: Buffer.from(await encodeRequest(request)).toString('base64'),
    signerName: request.signerName,
    usages: request.usages,
  };
  for (let candidate = 0; ; ) {
    const name = names[candidate] ?? '';
    const created = await create(name, spec, options);
    if (created !== undefined) return created;
    const existing = await find(name, options);
    if (existing === undefined) continue;
    if (await isUsable(existing, request, clock.now())) return existing;
    candidate++;
    if (candidate === names.length) throw inUse(name, existing);
  }
}

/** `undefined` when there is one of this name. */
async function create(name: string, spec: object, options: SigningOptions): Promise<Csr | undefined> {
  const { transport, signal } = options;
  const body = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec,
  };
  try {
    return await waitingForApiServer(
      async () => requireCsr(await transport.call({ method: 'POST', path: collection, body }, { signal })),
      options,
    );
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    if (error.code === 'AlreadyExists') return undefined;
    throw refusal(error);
  }
}

async function find(name: string, options: SigningOptions): Promise<Csr | undefined> {
  const { transport, signal } = options;
  const path = apiPath(collection.slice(1), name);
  try {
    return await waitingForApiServer(
      async () => requireCsr(await transport.call({ method: 'GET', path }, { signal })),
      options,
    );
  } catch (error) {
    if (error instanceof ClusterError && error.code === 'NotFound') return undefined;
    throw error;
  }
}

/** Ours, and either still open or issued with something that is not out of date. */
async function isUsable(csr: Csr, request: SigningRequest, now: Date): Promise<boolean> {
  const pem = Buffer.from(csr.spec.request, 'base64').toString();
  if (csr.spec.signerName !== request.signerName || !(await isSameRequest(pem, request))) return false;
  if (csr.status?.conditions?.some(({ type }) => type === 'Failed') === true) return false;
  const issued = csr.status?.certificate;
  if (!issued) return true;
  const certificate = readCertificate(Buffer.from(issued, 'base64').toString());
  return certificate !== undefined && certificate.notAfter > now;
}

async function awaitOutcome(
  name: string,
  { transport, clock, logger, random, signal }: SigningOptions,
): Promise<string> {
  const deltas = reflect<Csr>({
    transport,
    path: collection,
    fieldSelector: `metadata.name=${name}`,
    parse: parseCsr,
    signal,
    clock,
    logger,
    random,
    shared: false,
  });
  for await (const delta of deltas) {
    if (delta.type === 'synced') continue;
    if (delta.type === 'deleted') {
      const message = `the certificate signing request ${name} was deleted before it was approved; start again`;
      throw new IdentityError('REQUEST_FAILED', message);
    }
    const certificate = outcome(delta.object);
    if (certificate !== undefined) return certificate;
  }
  throw new IdentityError('REQUEST_FAILED', `waiting for ${name} was interrupted`);
}

/** The certificate in PEM, or `undefined` while there is nothing. */
function outcome({ metadata, status }: Csr): string | undefined {
  for (const { type, reason, message } of status?.conditions ?? []) {
    if (type !== 'Denied' && type !== 'Failed') continue;
    const why = [reason, message].filter(Boolean).join(': ');
    const remedy = `delete it (kubectl delete csr ${metadata.name}) and start again`;
    throw new IdentityError(
      type === 'Denied' ? 'REQUEST_DENIED' : 'REQUEST_FAILED',
      `the certificate signing request ${metadata.name} was ${type.toLowerCase()}${why ? ` (${why})` : ''}; ${remedy}`,
    );
  }
  return status?.certificate ? Buffer.from(status.certificate, 'base64').toString() : undefined;
}

function parseCsr(json: unknown): Csr | undefined {
  const { metadata, spec } = (json ?? {}) as V1CertificateSigningRequest;
  return metadata?.name && metadata.uid && spec ? (json as Csr) : undefined;
}

function requireCsr(json: unknown): Csr {
  const csr = parseCsr(json);
  if (csr === undefined) throw new ClusterError('Unavailable', 'the API server answered without a request');
  return csr;
}

function refusal(error: ClusterError): Error {
  if (error.code === 'Unauthorized') {
    return new IdentityError(
      'BOOTSTRAP_REFUSED',
      'the API server does not accept the credentials; make a new bootstrap token (wasmlet bootstrap)',
      { cause: error },
    );
  }
  if (error.code === 'Forbidden') {
    return new IdentityError(
      'REQUEST_FORBIDDEN',
      `no right to ask for certificates; bind the group to system:node-bootstrapper (wasmlet bootstrap --rbac): ${error.message}`,
      { cause: error },
    );
  }
  return error;
}

function inUse(name: string, { status }: Csr): IdentityError {
  const isDenied = status?.conditions?.some(({ type }) => type === 'Denied') === true;
  return new IdentityError(
    isDenied ? 'REQUEST_DENIED' : 'REQUEST_FAILED',
    `the certificate signing request ${name} exists and cannot be used; delete it (kubectl delete csr ${name}) and start again`,
  );
}

function timeoutError(name: string, timeoutMs: number): IdentityError {
  return new IdentityError(
    'REQUEST_TIMEOUT',
    `nobody approved the certificate signing request ${name} within ${Math.round(timeoutMs / 1000)} s; approve it (kubectl certificate approve ${name}) and start again`,
  );
}
