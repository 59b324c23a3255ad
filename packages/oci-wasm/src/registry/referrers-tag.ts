import type { Descriptor } from '../content/descriptor.ts';
import { parseDigest } from '../content/digest.ts';
import { maxManifestBytes, mediaTypes } from '../content/media-types.ts';
import { isRecord, readDescriptor } from '../content/read-descriptor.ts';
import { referrerOf } from '../content/referrer.ts';
import type { Manifest } from '../content/target.ts';
import { OciError } from '../errors.ts';
import { readJsonBody } from './json-body.ts';
import type { RepositoryContext } from './repository-context.ts';
import { responseError } from './response-error.ts';

/**
 * Indexes under fallback tags, in which clients themselves list what refers to a subject where the registry does
 * not (distribution-spec, "Referrers Tag Schema").
 */
export interface ReferrersTags {
  /** What is listed for a subject; nothing where there is no such tag. */
  read(
    context: RepositoryContext,
    subject: string,
    signal: AbortSignal | undefined,
  ): Promise<readonly Descriptor[]>;
  /** Lists a manifest that has been pushed, if it has a subject. */
  add(context: RepositoryContext, manifest: Manifest, signal: AbortSignal | undefined): Promise<void>;
  /** Takes a manifest that has been deleted out again. */
  remove(context: RepositoryContext, manifest: Manifest, signal: AbortSignal | undefined): Promise<void>;
}

/** Of a change that others may undo without knowing. */
const maxTries = 5;

export function createReferrersTags(): ReferrersTags {
  // One after the other within this process; what other clients do at the same time is found by looking again.
  const changing = new Map<string, Promise<void>>();

  const inTurn = async (tag: string, work: () => Promise<void>): Promise<void> => {
    const mine = (changing.get(tag) ?? Promise.resolve()).then(work);
    const settled = mine.catch(() => {});
    changing.set(tag, settled);
    await settled;
    if (changing.get(tag) === settled) changing.delete(tag);
    await mine;
  };

  return {
    async read(context, subject, signal) {
      const { entries } = await load(context, referrersTag(subject), signal);
      return entries.map(readDescriptor).filter((entry) => entry !== undefined);
    },
    async add(context, manifest, signal) {
      const referrer = referrerOf(manifest, context.name);
      if (referrer === undefined) return;
      const { entry } = referrer;
      const tag = referrersTag(referrer.subject);
      await inTurn(tag, () =>
        change(context, tag, signal, (entries) =>
          entries.some((other) => isOf(other, entry)) ? undefined : [...entries, entry],
        ),
      );
    },
    async remove(context, manifest, signal) {
      const referrer = referrerOf(manifest, context.name);
      if (referrer === undefined) return;
      const { entry } = referrer;
      const tag = referrersTag(referrer.subject);
      await inTurn(tag, () =>
        change(context, tag, signal, (entries) => {
          const left = entries.filter((other) => !isOf(other, entry));
          return left.length === entries.length ? undefined : left;
        }),
      );
    },
  };
}

/** `<algorithm>-<hex>`, of which no more than 64 digits. */
export function referrersTag(digest: string): string {
  const { algorithm, hex } = parseDigest(digest);
  return `${algorithm}-${hex.slice(0, 64)}`;
}

interface Listed {
  readonly entries: readonly unknown[];
  /** Of the answer, where the registry tells it. */
  readonly etag: string | undefined;
}

/** Changes a list until it is seen to be as it should be; `next` tells undefined when it is. */
async function change(
  context: RepositoryContext,
  tag: string,
  signal: AbortSignal | undefined,
  next: (entries: readonly unknown[]) => readonly unknown[] | undefined,
): Promise<void> {
  const { endpoint, name, sender } = context;
  const { registry } = endpoint;
  const subject = `cannot push ${name}:${tag}`;
  for (let tried = 0; tried <= maxTries; tried += 1) {
    const { entries, etag } = await load(context, tag, signal);
    const manifests = next(entries);
    if (manifests === undefined) return;
    if (tried === maxTries) break;
    const body = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
    if (body.length > maxManifestBytes) {
      const problem = `the list would be larger than ${maxManifestBytes} bytes; delete some of what refers to it`;
      throw new OciError('TOO_LARGE', `${subject}: ${problem}`, { host: registry, reference: name });
    }
    const response = await sender.send({
      method: 'PUT',
      url: context.url(`manifests/${tag}`),
      headers: { 'content-type': mediaTypes.ociIndex, ...(etag === undefined ? {} : { 'if-match': etag }) },
      body,
      signal,
      subject,
    });
    if (response.status !== 201 && response.status !== 412) {
      throw await responseError(response, { subject, registry, reference: name, secrets: sender.secrets });
    }
    await response.discard();
  }
  const problem = `others change the list at the same time (tried ${maxTries} times); push again`;
  throw new OciError('UNAVAILABLE', `${subject}: ${problem}`, { host: registry, reference: name });
}

async function load(
  context: RepositoryContext,
  tag: string,
  signal: AbortSignal | undefined,
): Promise<Listed> {
  const { endpoint, name, sender } = context;
  const { registry } = endpoint;
  const subject = `cannot read ${name}:${tag}, the list of what refers to it`;
  const response = await sender.send({
    method: 'GET',
    url: context.url(`manifests/${tag}`),
    headers: { accept: mediaTypes.ociIndex },
    signal,
    subject,
  });
  if (response.status === 404) {
    await response.discard();
    return { entries: [], etag: undefined };
  }
  if (response.status !== 200) {
    throw await responseError(response, { subject, registry, reference: name, secrets: sender.secrets });
  }
  const body = await readJsonBody(context, response, { subject, maxBytes: maxManifestBytes, signal });
  const manifests = isRecord(body) ? (body['manifests'] ?? []) : undefined;
  if (!Array.isArray(manifests)) {
    throw new OciError('INVALID_RESPONSE', `${subject}: it is no index; give that tag another name`, {
      host: registry,
      reference: name,
    });
  }
  return { entries: manifests as readonly unknown[], etag: response.header('etag') };
}

function isOf(entry: unknown, { digest }: Descriptor): boolean {
  return isRecord(entry) && entry['digest'] === digest;
}
