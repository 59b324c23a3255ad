import { isRecord } from '../content/read-descriptor.ts';
import { OciError } from '../errors.ts';
import { isTag } from '../reference.ts';
import { pages } from './pages.ts';
import type { RepositoryContext } from './repository-context.ts';

/** Asked for at once; registries may send fewer. */
const pageSize = 1_000;

/** The tags of a repository, in the registry's order (distribution-spec, "Listing Tags"). What can be no tag is left out. */
export async function* listTags(
  context: RepositoryContext,
  signal: AbortSignal | undefined,
): AsyncGenerator<string, void, undefined> {
  const { endpoint, name } = context;
  const subject = `cannot list the tags of ${name}`;
  const url = context.url(`tags/list?n=${pageSize}`);
  for await (const { body } of pages(context, { url, subject, accept: 'application/json', signal })) {
    const tags = isRecord(body) ? body['tags'] : undefined;
    if (!Array.isArray(tags)) {
      // As Go writes an empty list.
      if (tags === null) continue;
      throw new OciError('INVALID_RESPONSE', `${subject}: the registry answers without a list of tags`, {
        host: endpoint.registry,
        reference: name,
      });
    }
    for (const tag of tags as readonly unknown[]) {
      signal?.throwIfAborted();
      if (typeof tag === 'string' && isTag(tag)) yield tag;
    }
  }
}
