import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { answerReferrers, answerTags, type ReferrersSupport, subjectOf } from './listings.ts';
import { createUploads, type UploadsOptions } from './uploads.ts';

export interface ContentStoreOptions extends UploadsOptions {
  /** @default 'none' */
  readonly referrers?: ReferrersSupport;
  /** Tags in one answer at most. @default 100 */
  readonly pageSize?: number;
  /** Whether blobs can be mounted; else every mount begins an upload. @default true */
  readonly mounts?: boolean;
  /** Whether content can be deleted. @default true */
  readonly deletes?: boolean;
  /** Whether blobs can be had from an offset on. @default true */
  readonly ranges?: boolean;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface ContentRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Put before upload locations. */
  readonly base: string;
}

export interface StoredManifest {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** What a registry holds, and the answers of the distribution-spec about it. */
export interface ContentStore {
  answer(request: ContentRequest): Reply;
  /** Keeps what has come of an upload's request that broke off. */
  keepPart(url: URL, bytes: Uint8Array): void;
  addBlob(repository: string, bytes: Uint8Array): { readonly digest: string; readonly size: number };
  /** `name` is a tag; the digest is a name in any case. Returns the digest. */
  addManifest(repository: string, name: string, manifest: unknown, mediaType?: string): string;
  manifest(repository: string, name: string): StoredManifest | undefined;
  /** Digest of a manifest by its name. */
  digestOf(repository: string, name: string, algorithm?: 'sha256' | 'sha512'): string;
  blob(repository: string, digest: string): Uint8Array | undefined;
  /** Uploads that were begun and neither completed nor taken back. */
  readonly openUploads: number;
}

export const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
export const ociIndex = 'application/vnd.oci.image.index.v1+json';

export function digestOf(bytes: Uint8Array, algorithm: 'sha256' | 'sha512' = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

export function createContentStore({
  referrers = 'none',
  pageSize = 100,
  mounts = true,
  deletes = true,
  ranges = true,
  ...uploadsOptions
}: ContentStoreOptions = {}): ContentStore {
  const blobs = new Map<string, Uint8Array>();
  const manifests = new Map<string, StoredManifest>();
  const uploads = createUploads(uploadsOptions);
  const hasRepository = (repository: string): boolean =>
    [...blobs.keys(), ...manifests.keys()].some((key) => key.startsWith(`${repository}\n`));

  /** What is kept under the names of a repository, by tag or by digest. */
  const named = (repository: string, isDigest: boolean): ReadonlyMap<string, StoredManifest> => {
    const own = [...manifests]
      .filter(([key]) => key.startsWith(`${repository}\n`))
      .map(([key, manifest]) => [key.slice(repository.length + 1), manifest] as const);
    return new Map(own.filter(([name]) => name.includes(':') === isDigest && !name.startsWith('sha512:')));
  };

  const answerDelete = (repository: string, name: string, isManifest: boolean): Reply => {
    if (!deletes) return failure(405, 'UNSUPPORTED', 'the operation is unsupported');
    const kept: Map<string, unknown> = isManifest ? manifests : blobs;
    const found = kept.get(`${repository}\n${name}`);
    if (found === undefined) return failure(404, isManifest ? 'MANIFEST_UNKNOWN' : 'BLOB_UNKNOWN', 'unknown');
    for (const [key, value] of kept) {
      if (key.startsWith(`${repository}\n`) && value === found) kept.delete(key);
    }
    return reply(202, {});
  };

  const answerManifest = (request: ContentRequest, repository: string, name: string): Reply => {
    if (request.method === 'PUT') {
      const digest = digestOf(request.body);
      const stored = { mediaType: request.headers['content-type'] ?? '', bytes: request.body };
      manifests.set(`${repository}\n${name}`, stored);
      manifests.set(`${repository}\n${digest}`, stored);
      const subject = referrers === 'none' ? undefined : subjectOf(request.body);
      return reply(201, {
        'docker-content-digest': digest,
        location: `/v2/${repository}/manifests/${digest}`,
        ...(subject === undefined ? {} : { 'oci-subject': subject }),
      });
    }
    if (request.method === 'DELETE') return answerDelete(repository, name, true);
    const found = manifests.get(`${repository}\n${name}`);
    if (!found) return failure(404, 'MANIFEST_UNKNOWN', 'manifest unknown');
    const algorithm = name.startsWith('sha512:') ? 'sha512' : 'sha256';
    return reply(
      200,
      { 'content-type': found.mediaType, 'docker-content-digest': digestOf(found.bytes, algorithm) },
      found.bytes,
    );
  };

  const answerUpload = (request: ContentRequest, repository: string, id: string): Reply => {
    const mounted = request.url.searchParams.get('mount');
    const source = blobs.get(`${request.url.searchParams.get('from')}\n${mounted}`);
    if (request.method === 'POST' && mounts && mounted !== null && source !== undefined) {
      blobs.set(`${repository}\n${mounted}`, source);
      return reply(201, { 'docker-content-digest': mounted, location: `/v2/${repository}/blobs/${mounted}` });
    }
    return uploads.answer(request, repository, id, (digest, bytes) =>
      blobs.set(`${repository}\n${digest}`, bytes),
    );
  };

  const answerBlob = (
    { headers: { range, 'if-range': wanted } }: ContentRequest,
    digest: string,
    bytes: Uint8Array,
  ): Reply => {
    const etag = `"${digest}"`;
    const headers = { 'content-type': 'application/octet-stream', 'docker-content-digest': digest, etag };
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? Number.NaN);
    if (!ranges || Number.isNaN(from) || (wanted ?? etag) !== etag) return reply(200, headers, bytes);
    if (from >= bytes.length) return reply(416, { 'content-range': `bytes */${bytes.length}` });
    const part = bytes.subarray(from);
    return reply(
      206,
      { ...headers, 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` },
      part,
    );
  };

  return {
    answer(request) {
      const { pathname } = request.url;
      if (pathname === '/v2/') return reply(200, { 'content-type': 'application/json' }, Buffer.from('{}'));
      const [, repository = '', kind = '', rest = ''] =
        /^\/v2\/(.+?)\/(manifests|blobs\/uploads|blobs|tags|referrers)\/(.*)$/.exec(pathname) ?? [];
      switch (kind) {
        case 'manifests':
          return answerManifest(request, repository, rest);
        case 'blobs/uploads':
          return answerUpload(request, repository, rest);
        case 'referrers':
          return answerReferrers(request.url, rest, named(repository, true), referrers);
        case 'blobs': {
          if (request.method === 'DELETE') return answerDelete(repository, rest, false);
          const bytes = blobs.get(`${repository}\n${rest}`);
          if (!bytes) return failure(404, 'BLOB_UNKNOWN', 'blob unknown to registry');
          return answerBlob(request, rest, bytes);
        }
        case 'tags':
          if (!hasRepository(repository)) {
            return failure(404, 'NAME_UNKNOWN', 'repository name not known to registry');
          }
          return answerTags(request.url, repository, [...named(repository, false).keys()], pageSize);
        default:
          return failure(404, 'UNSUPPORTED', 'no such path');
      }
    },
    keepPart: (url, bytes) => uploads.keep(url.pathname.split('/').at(-1) ?? '', bytes),
    addBlob(repository, bytes) {
      const digest = digestOf(bytes);
      blobs.set(`${repository}\n${digest}`, bytes);
      blobs.set(`${repository}\n${digestOf(bytes, 'sha512')}`, bytes);
      return { digest, size: bytes.length };
    },
    addManifest(repository, name, manifest, mediaType = ociManifest) {
      const bytes = Buffer.from(typeof manifest === 'string' ? manifest : JSON.stringify(manifest));
      const digest = digestOf(bytes);
      const stored = { mediaType, bytes };
      for (const key of [name, digest, digestOf(bytes, 'sha512')]) {
        manifests.set(`${repository}\n${key}`, stored);
      }
      return digest;
    },
    manifest: (repository, name) => manifests.get(`${repository}\n${name}`),
    digestOf(repository, name, algorithm) {
      return digestOf(manifests.get(`${repository}\n${name}`)?.bytes ?? new Uint8Array(), algorithm);
    },
    blob: (repository, digest) => blobs.get(`${repository}\n${digest}`),
    get openUploads() {
      return uploads.size;
    },
  };
}

export function reply(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array = new Uint8Array(),
): Reply {
  return { status, headers, body };
}

export function failure(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  const body = Buffer.from(JSON.stringify({ errors: [{ code, message }] }));
  return { status, headers: { 'content-type': 'application/json', ...headers }, body };
}
