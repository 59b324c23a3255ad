import { randomUUID } from 'node:crypto';
import { type ContentRequest, digestOf, failure, reply, type Reply } from './content-store.ts';

export interface UploadsOptions {
  /** Whether blobs may come in chunks. @default true */
  readonly chunks?: boolean;
  /** Announced as OCI-Chunk-Min-Length. @default none */
  readonly minChunkBytes?: number;
}

/** Blobs on their way in. */
export interface Uploads {
  /** The answer to a request about an upload; `store` is called with what has been completed. */
  answer(
    request: ContentRequest,
    repository: string,
    id: string,
    store: (digest: string, bytes: Uint8Array) => void,
  ): Reply;
  /** Keeps what has come of a request that broke off. */
  keep(id: string, bytes: Uint8Array): void;
  /** Begun, and neither completed nor taken back. */
  readonly size: number;
}

interface Upload {
  bytes: Buffer;
  /** In its location: only the newest one takes content. */
  state: string;
}

export function createUploads({ chunks = true, minChunkBytes }: UploadsOptions): Uploads {
  const uploads = new Map<string, Upload>();

  /** Where an upload goes on from here. The query has characters that must come back as they are. */
  const standing = (
    status: number,
    { base }: ContentRequest,
    repository: string,
    id: string,
    upload: Upload,
  ): Reply => {
    upload.state = `${Buffer.from(randomUUID()).toString('base64url')}+/`;
    const length = upload.bytes.length;
    return reply(status, {
      location: `${base}/v2/${repository}/blobs/uploads/${id}?_state=${upload.state}`,
      range: `0-${Math.max(0, length - 1)}`,
      ...(minChunkBytes === undefined ? {} : { 'oci-chunk-min-length': String(minChunkBytes) }),
    });
  };

  const add = (request: ContentRequest, repository: string, id: string, upload: Upload): Reply => {
    const [, first] = /^(\d+)-\d+$/.exec(request.headers['content-range'] ?? '') ?? [];
    if (!chunks) return failure(405, 'UNSUPPORTED', 'the operation is unsupported');
    if (Number(first) !== upload.bytes.length) {
      return { ...standing(416, request, repository, id, upload), body: new Uint8Array() };
    }
    upload.bytes = Buffer.concat([upload.bytes, request.body]);
    return standing(202, request, repository, id, upload);
  };

  return {
    answer(request, repository, id, store) {
      if (request.method === 'POST') {
        const begun = randomUUID();
        const upload = { bytes: Buffer.alloc(0), state: '' };
        uploads.set(begun, upload);
        return standing(202, request, repository, begun, upload);
      }
      const upload = uploads.get(id);
      if (upload === undefined) return failure(404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');
      if (request.method === 'DELETE') {
        uploads.delete(id);
        return reply(204, {});
      }
      if (request.method === 'GET') return standing(204, request, repository, id, upload);
      const isNewest = request.url.search.slice(1).split('&').includes(`_state=${upload.state}`);
      if (!isNewest) return failure(400, 'BLOB_UPLOAD_INVALID', 'blob upload invalid');
      if (request.method === 'PATCH') return add(request, repository, id, upload);
      const digest = request.url.searchParams.get('digest') ?? '';
      const bytes = Buffer.concat([upload.bytes, request.body]);
      if (digestOf(bytes, digest.startsWith('sha512:') ? 'sha512' : 'sha256') !== digest) {
        return failure(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
      }
      uploads.delete(id);
      store(digest, bytes);
      return reply(201, { 'docker-content-digest': digest, location: `/v2/${repository}/blobs/${digest}` });
    },
    keep(id, bytes) {
      const upload = uploads.get(id);
      if (upload) upload.bytes = Buffer.concat([upload.bytes, bytes]);
    },
    get size() {
      return uploads.size;
    },
  };
}
