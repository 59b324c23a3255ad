import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AccessSource } from '../cluster/api-server/access.ts';
import { createTransport } from '../cluster/api-server/transport.ts';
import { type Clock, systemClock } from '../node/clock.ts';
import { type Logger, silentLogger } from '../node/logger.ts';
import { isCertificateBundle, readCertificate } from './certificate-facts.ts';
import { ensureClientIdentity, renewClientIdentity } from './client-identity.ts';
import { IdentityError } from './identity-error.ts';
import { keepRotating } from './rotation.ts';
import {
  ensureServingIdentity,
  loadServingIdentity,
  renewServingIdentity,
  type ServingIdentity,
  type ServingIdentityOptions,
} from './serving-identity.ts';

export interface NodeIdentityOptions {
  readonly nodeName: string;
  /** The machine's name: DNS name of the serving certificate, whose request is called `<hostname>-tls`. */
  readonly hostname: string;
  /** The node's IP addresses, for the serving certificate. */
  readonly addresses: readonly string[];
  /** Absolute path; keys and certificates live in its `certificates/`. */
  readonly dataDirectory: string;
  /** The node's kubeconfig, read when it is there and written when it is not. */
  readonly kubeconfigPath: string;
  /** Kubeconfig with a bootstrap token. */
  readonly bootstrapFile?: string;
  /** Serving certificate; used as it is when it is there and not the node's own. @default in `certificates/` */
  readonly certFile?: string;
  readonly keyFile?: string;
  /** PEM bundle of the CAs whose clients the node's API believes. @default those of the kubeconfig */
  readonly clientCaFile?: string;
  /** How long to wait for the approval of each certificate, in milliseconds. @default 3_600_000 */
  readonly timeoutMs?: number;
  /** Gets the lines that ask for the approval of the serving certificate (`BOOTSTRAP: …`). @default nobody */
  readonly onPrompt?: (line: string) => void;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** @default silent */
  readonly logger?: Logger;
  /** 0 (inclusive) to 1 (exclusive): jitter. @default Math.random */
  readonly random?: () => number;
  readonly signal: AbortSignal;
}

/** What the kubelet's API shows to its callers. */
export interface ServingTls {
  /** PEM. */
  readonly key: string;
  /** PEM. */
  readonly cert: string;
  /** PEM of the CAs whose clients are believed; absent when neither a file nor the kubeconfig names any. */
  readonly clientCa?: string;
}

/** Who the node is: to the API server, and to those who call the node. */
export interface NodeIdentity {
  /** Credentials for `createApiServerCluster`. */
  readonly access: AccessSource;
  readonly serving: {
    current(): ServingTls;
    /** Calls `listener` after each rotation; returns what ends that. */
    subscribe(listener: (tls: ServingTls) => void): () => void;
  };
  /**
   * Renews both certificates between 70 % and 90 % of their lives until `signal` aborts. `onClientRenewed` is
   * where the cluster takes up the new credentials; where it rejects, it is called again later. Never rejects.
   */
  keepFresh(options: {
    readonly signal: AbortSignal;
    readonly onClientRenewed: () => Promise<void>;
  }): Promise<void>;
}

/**
 * Gets the node its kubeconfig and its serving certificate, by TLS bootstrap where they are not there yet.
 * An API server that is away is waited for, which the logger is told. Rejects with {@link IdentityError}; see its codes.
 *
 * https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/
 */
export async function establishNodeIdentity(options: NodeIdentityOptions): Promise<NodeIdentity> {
  const { dataDirectory, signal, clock = systemClock, logger = silentLogger } = options;
  const { random = Math.random, timeoutMs = 3_600_000, onPrompt = () => {} } = options;
  const directory = join(dataDirectory, 'certificates');
  const resolved = { ...options, clock, logger, random, timeoutMs, directory };

  const servingOptions = {
    ...resolved,
    onPrompt,
    certFile: options.certFile ?? join(directory, 'serving.crt'),
    keyFile: options.keyFile ?? join(directory, 'serving.key'),
    pendingKeyFile: join(directory, 'serving-pending.key'),
  };
  // What is wrong with the operator's own files is to be said before anything is asked for.
  const ownClientCa = await readClientCa(options.clientCaFile);
  const present = await loadServingIdentity(servingOptions);
  const kubeconfig = await ensureClientIdentity(resolved);
  const withTransport = async <T>(
    run: (o: ServingIdentityOptions) => Promise<T>,
    stop: AbortSignal,
  ): Promise<T> => {
    await using transport = createTransport({ access: kubeconfig, clock, logger });
    return await run({ ...servingOptions, transport, signal: stop });
  };
  let serving: ServingIdentity = await withTransport((o) => ensureServingIdentity(present, o), signal);

  const access = await kubeconfig.load();
  const listeners = new Set<(tls: ServingTls) => void>();
  const clientCa = ownClientCa ?? access.tls.ca;
  const servingTls = (): ServingTls => ({
    key: serving.key,
    cert: serving.cert,
    ...(clientCa === undefined ? {} : { clientCa }),
  });

  async function renewServing(stop: AbortSignal) {
    serving = await withTransport(renewServingIdentity, stop);
    return serving.facts;
  }

  return {
    access: kubeconfig,
    serving: {
      current: servingTls,
      subscribe(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    async keepFresh({ signal: stop, onClientRenewed }) {
      const shared = { clock, logger, random, signal: stop };
      const client = access.tls.cert === undefined ? undefined : readCertificate(access.tls.cert);
      const rotations: Promise<void>[] = [];
      if (client !== undefined) {
        rotations.push(
          keepRotating({
            ...shared,
            what: 'client certificate',
            current: client,
            renew: (renewing) => renewClientIdentity(kubeconfig, { ...resolved, signal: renewing }),
            handOver: onClientRenewed,
          }),
        );
      }
      if (serving.isOurs) {
        rotations.push(
          keepRotating({
            ...shared,
            what: 'serving certificate',
            current: serving.facts,
            renew: renewServing,
            handOver: () => listeners.forEach((listener) => listener(servingTls())),
          }),
        );
      }
      await Promise.all(rotations);
    },
  };
}

async function readClientCa(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const unusable = (reason: string, cause?: unknown): IdentityError =>
    new IdentityError('CERTIFICATE_UNUSABLE', `the client CAs in ${path} cannot be used: ${reason}`, {
      cause,
    });
  const pem = await readFile(path, 'utf8').catch((cause: Error) => {
    throw unusable(cause.message, cause);
  });
  if (!isCertificateBundle(pem)) throw unusable('the file holds one or more certificates in PEM');
  return pem;
}
