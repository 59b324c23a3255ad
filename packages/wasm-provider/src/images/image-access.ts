import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { RegistryCredential } from '@wasmlet/kubelet/provider';
import type { Access, Credential } from '@wasmlet/oci-wasm';
import type { ProviderLogger } from '../provider-logger.ts';

/**
 * Remembers who could read which image, so that a private one that a pod has brought here is not given to pods
 * without credentials for it (upstream: KubeletEnsureSecretPulledImages). No credential can be got back from it.
 */
export interface ImageAccess {
  /** Whether any of the credentials, or nobody's, has read the image before. */
  allows(repository: string, digest: string, credentials: readonly RegistryCredential[]): boolean;
  record(repository: string, digest: string, access: Access): Promise<void>;
  /** Tells credentials apart, under a salt of this store's. */
  fingerprint(this: void, credential: Credential): string;
}

interface Readers {
  readonly anonymous: boolean;
  /** Fingerprints, the latest last. */
  readonly credentials: readonly string[];
}

/** The oldest is forgotten: it is asked for again. */
const maxImages = 10_000;
const maxCredentials = 100;
const maxFileBytes = 64 * 1024 * 1024;

/** Opens the record in a file; one that is absent or damaged is begun anew, and images are verified anew. */
export async function openImageAccess(path: string, logger: ProviderLogger): Promise<ImageAccess> {
  await sweepTemporaries(path);
  const loaded = await load(path, logger);
  const salt = loaded?.salt ?? randomBytes(32).toString('base64');
  const images = new Map<string, Readers>(loaded?.images ?? []);
  let saving: Promise<void> = Promise.resolve();

  const fingerprint = ({ username, password, identityToken, registryToken }: Credential): string =>
    createHmac('sha256', Buffer.from(salt, 'base64'))
      .update(JSON.stringify([username, password, identityToken, registryToken]))
      .digest('base64');

  return {
    fingerprint,
    allows(repository, digest, credentials) {
      const readers = images.get(`${repository}@${digest}`);
      if (readers === undefined) return false;
      return (
        readers.anonymous ||
        credentials.some((credential) => readers.credentials.includes(fingerprint(credential)))
      );
    },
    async record(repository, digest, access) {
      const key = `${repository}@${digest}`;
      const known = images.get(key) ?? { anonymous: false, credentials: [] };
      const next = withReader(known, access, fingerprint);
      if (next === known) return;
      images.delete(key);
      images.set(key, next);
      const [oldest] = images.keys();
      if (images.size > maxImages && oldest !== undefined) images.delete(oldest);
      // One write after the other, each of what is known when it begins.
      const mine = saving.then(() => save(path, { version, salt, images: Object.fromEntries(images) }));
      saving = mine.catch(() => {});
      await mine;
    },
  };
}

function withReader(
  readers: Readers,
  access: Access,
  fingerprint: (credential: Credential) => string,
): Readers {
  if (access.kind === 'anonymous') return readers.anonymous ? readers : { ...readers, anonymous: true };
  const mark = fingerprint(access.credential);
  if (readers.credentials.includes(mark)) return readers;
  return { ...readers, credentials: [...readers.credentials, mark].slice(-maxCredentials) };
}

/** What was left by a process that ended while it saved. */
async function sweepTemporaries(path: string): Promise<void> {
  const prefix = `${basename(path)}.`;
  for (const name of await readdir(dirname(path)).catch(() => [])) {
    if (!name.startsWith(prefix) || !name.endsWith('.tmp')) continue;
    const left = join(dirname(path), name);
    const stats = await stat(left).catch(() => undefined);
    if (stats !== undefined && Date.now() - stats.mtimeMs > abandonedMs) await rm(left, { force: true });
  }
}

const abandonedMs = 3_600_000;
const version = 1;

interface Saved {
  readonly salt: string;
  readonly images: readonly (readonly [string, Readers])[];
}

async function load(path: string, logger: ProviderLogger): Promise<Saved | undefined> {
  try {
    const text = await readFile(path, 'utf8');
    if (text.length > maxFileBytes) throw new Error(`larger than ${maxFileBytes} bytes`);
    const value = JSON.parse(text) as { version?: unknown; salt?: unknown; images?: unknown } | null;
    if (value?.version !== version || typeof value.salt !== 'string' || typeof value.images !== 'object') {
      throw new Error('of another form');
    }
    return {
      salt: value.salt,
      images: Object.entries(value.images ?? {}).map(([key, entry]) => [key, readReaders(entry)]),
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      logger.warn({ path, err: error }, 'the record of who may use which image is begun anew');
    }
    return undefined;
  }
}

function readReaders(entry: unknown): Readers {
  const { anonymous, credentials } = (entry ?? {}) as { anonymous?: unknown; credentials?: unknown };
  const marks = Array.isArray(credentials) ? credentials : [];
  return {
    anonymous: anonymous === true,
    credentials: marks.filter((mark): mark is string => typeof mark === 'string').slice(-maxCredentials),
  };
}

async function save(path: string, value: object): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(JSON.stringify(value));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
