import { createHash } from 'node:crypto';
import { OciError } from '../errors.ts';
import type { HttpResponse } from './http/http.ts';
import { readJsonBody } from './json-body.ts';
import type { RepositoryContext } from './repository-context.ts';
import { responseError } from './response-error.ts';

export interface PagesOptions {
  readonly url: URL;
  /** For messages: what the list is for. */
  readonly subject: string;
  readonly accept: string;
  readonly signal: AbortSignal | undefined;
}

export interface Page {
  readonly response: HttpResponse;
  readonly body: unknown;
}

/** Some 200,000 names, as much as clients agree to read; registries that page at all send far fewer at once. */
const maxPageBytes = 4 * 1024 * 1024;
/** All pages together: a million names of thirty characters. What has been read is not collected at once. */
const maxListBytes = 32 * 1024 * 1024;
/** A million names in pages of a hundred. */
const maxPages = 10_000;

/**
 * The pages of a list, one after the other, as `Link: rel="next"` leads from one to the next. Nothing of a page is
 * kept when the next one is asked for, and a list that leads in a circle or does not end is refused. Ends after the
 * first answer where `isMissing` takes it.
 */
export async function* pages(
  context: RepositoryContext,
  { url: first, subject, accept, signal }: PagesOptions,
  isMissing: (response: HttpResponse) => boolean = () => false,
): AsyncGenerator<Page, void, undefined> {
  const { endpoint, name, sender, guard } = context;
  const { registry } = endpoint;
  const invalid = (problem: string): OciError =>
    new OciError('INVALID_RESPONSE', `${subject}: ${problem}`, { host: registry, reference: name });
  const visited = new Set<string>();
  let listBytes = 0;
  const count = (bytes: number): void => {
    listBytes += bytes;
    if (listBytes <= maxListBytes) return;
    throw new OciError('TOO_LARGE', `${subject}: its pages are larger than ${maxListBytes} bytes together`, {
      host: registry,
      reference: name,
    });
  };
  for (let url: URL | undefined = first; url !== undefined; ) {
    const visit = createHash('sha256').update(url.href).digest('base64');
    if (visited.has(visit)) throw invalid('its pages lead in a circle; tell the operator of the registry');
    if (visited.size === maxPages) throw invalid(`it has more than ${maxPages} pages`);
    visited.add(visit);
    const response: HttpResponse = await sender.send({
      method: 'GET',
      url,
      headers: { accept },
      signal,
      subject,
    });
    if (isMissing(response)) {
      await response.discard();
      return;
    }
    if (response.status !== 200) {
      throw await responseError(response, { subject, registry, reference: name, secrets: sender.secrets });
    }
    yield {
      response,
      body: await readJsonBody(context, response, {
        subject,
        maxBytes: maxPageBytes,
        onLength: count,
        signal,
      }),
    };
    const next = nextLink(response.headers('link'));
    url = next === undefined ? undefined : guard.target(next, { from: response.url, purpose: 'next page' });
  }
}

/** The target of `rel="next"` (RFC 8288), relative or absolute. */
export function nextLink(values: readonly string[]): string | undefined {
  for (const [, target, parameters = ''] of values.join(',').matchAll(/<([^<>]*)>([^<]*)/g)) {
    const [, quoted, bare] = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,]+))/i.exec(parameters) ?? [];
    if ((quoted ?? bare ?? '').toLowerCase().split(' ').includes('next')) return target;
  }
  return undefined;
}
