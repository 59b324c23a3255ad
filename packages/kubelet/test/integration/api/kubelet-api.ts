import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { KubeletBackend } from '../../../src/api/backend.ts';
import { createKubeletServer, type KubeletServer } from '../../../src/api/server.ts';
import type { KubeletServerOptions } from '../../../src/api/server.ts';
import type { AccessAttributes, Authorizer, UserInfo } from '../../../src/cluster/cluster.ts';
import { logPath } from '../../../src/logs/log-paths.ts';
import type { ContainerSnapshot, PodSnapshot } from '../../../src/pods/pod-snapshot.ts';
import { type CertificateAuthority, createAuthority } from '../../fixtures/certificate-authority.ts';

/** Who may what, and what was asked. */
export interface ScriptedAuthorizer extends Authorizer {
  readonly tokens: Map<string, UserInfo>;
  /** @default everybody may do everything */
  may: (user: UserInfo, attributes: AccessAttributes) => boolean;
  /** Thrown instead of an answer. */
  failure: Error | undefined;
  readonly askedTokens: string[];
  readonly asked: { readonly user: UserInfo; readonly attributes: AccessAttributes }[];
}

export interface KubeletApi extends AsyncDisposable {
  readonly server: KubeletServer;
  readonly authority: CertificateAuthority;
  /** Key and certificate of {@link adminSubject}. */
  readonly admin: { readonly key: string; readonly cert: string };
  readonly authorizer: ScriptedAuthorizer;
  readonly pods: PodSnapshot[];
  readonly logged: { readonly level: string; readonly message: string; readonly fields: object }[];
  /** Where a container's run writes, with its directory made. */
  logFile(pod: PodSnapshot, container: string, attempt: number): Promise<string>;
  writeLog(pod: PodSnapshot, container: string, attempt: number, lines: string): Promise<void>;
  /** One request on a connection of its own, as the admin unless the options say otherwise. */
  open(path: string, options?: RequestOptions): Promise<IncomingMessage>;
  ask(path: string, options?: RequestOptions): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
}

/** Believed by default. */
export const adminSubject = {
  commonName: 'admin',
  organization: 'admins',
  usage: 'client',
  notAfter: new Date(Date.now() + 60 * 60_000),
} as const;
export const serverSubject = {
  commonName: 'system:node:node-1',
  usage: 'server',
  ip: '127.0.0.1',
} as const;

export async function startKubeletApi(options: Partial<KubeletServerOptions> = {}): Promise<KubeletApi> {
  const authority = await createAuthority();
  const [serving, admin] = await Promise.all([authority.issue(serverSubject), authority.issue(adminSubject)]);
  const dataDirectory = await mkdtemp(join(tmpdir(), 'kubelet-api-'));
  const authorizer = scriptedAuthorizer();
  const pods: PodSnapshot[] = [];
  const logged: { level: string; message: string; fields: object }[] = [];
  const backend: KubeletBackend = {
    dataDirectory,
    snapshot: () => pods,
    find: (namespace, name) =>
      pods.find(({ pod: { metadata } }) => metadata.namespace === namespace && metadata.name === name),
  };
  const log = (level: string) => (fields: object, message: string) => logged.push({ level, message, fields });
  const server = await createKubeletServer({
    nodeName: 'node-1',
    address: '127.0.0.1',
    port: 0,
    tls: { ...serving, clientCa: authority.cert },
    authorizer,
    backend,
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    ...options,
  });

  const api: KubeletApi = {
    server,
    authority,
    admin,
    authorizer,
    pods,
    logged,
    async logFile({ pod }, container, attempt) {
      const path = logPath(dataDirectory, pod.metadata.uid, container, attempt);
      await mkdir(dirname(path), { recursive: true });
      return path;
    },
    async writeLog(pod, container, attempt, lines) {
      await writeFile(await api.logFile(pod, container, attempt), lines);
    },
    async open(path, requestOptions = {}) {
      const sent = request({
        host: server.address,
        port: server.port,
        path,
        ca: authority.cert,
        agent: false,
        ...admin,
        ...requestOptions,
      });
      sent.end();
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      return response;
    },
    async ask(path, requestOptions) {
      const response = await api.open(path, requestOptions);
      const body = await text(response);
      return { status: response.statusCode ?? 0, body, headers: response.headers };
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(dataDirectory, { recursive: true });
    },
  };
  return api;
}

/** Options of a request without a client certificate. */
export const anonymous: RequestOptions = { key: undefined, cert: undefined };

export function withToken(token: string): RequestOptions {
  return { ...anonymous, headers: { authorization: `Bearer ${token}` } };
}

/** A pod with one container named `main`, which is in the given state. */
export function podSnapshot(name: string, state: Partial<ContainerSnapshot> = {}): PodSnapshot {
  return {
    pod: {
      metadata: { namespace: 'default', name, uid: `uid-of-${name}` },
      spec: { containers: [{ name: 'main', image: 'registry/main:v1' }] },
      status: { phase: 'Running' },
    },
    containers: [{ name: 'main', kind: 'app', state: 'running', hasEnded: false, ended: 'ended', ...state }],
  };
}

/** A line of a log in CRI format, written in that second of 2026. */
export function criLine(second: number, content: string, stream = 'stdout'): string {
  const time = `2026-01-01T00:00:${String(second).padStart(2, '0')}.000000000Z`;
  return `${time} ${stream} F ${content}\n`;
}

function scriptedAuthorizer(): ScriptedAuthorizer {
  const scripted: ScriptedAuthorizer = {
    tokens: new Map(),
    may: () => true,
    failure: undefined,
    askedTokens: [],
    asked: [],
    authenticate(token) {
      scripted.askedTokens.push(token);
      if (scripted.failure !== undefined) return Promise.reject(scripted.failure);
      return Promise.resolve(scripted.tokens.get(token));
    },
    authorize(user, attributes) {
      scripted.asked.push({ user, attributes });
      if (scripted.failure !== undefined) return Promise.reject(scripted.failure);
      return Promise.resolve({ allowed: scripted.may(user, attributes), reason: '' });
    },
  };
  return scripted;
}
