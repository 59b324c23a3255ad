/** What a request does to the `nodes` resource; the first subresource that is allowed is enough. */
export interface NodeAccess {
  readonly verb: string;
  readonly subresources: readonly string[];
}

/**
 * Attributes of a request for its SubjectAccessReview, as upstream's with fine-grained authorization.
 *
 * @param segments of the path, `undefined` when it is not one that the server has
 */
export function nodeAccess(method: string, segments: readonly string[] | undefined): NodeAccess {
  const [root = ''] = segments ?? [];
  // Upstream takes a GET for `get`, and a WebSocket begins with one: reading would be running commands.
  const verb = running.has(root) ? 'create' : (verbs[method] ?? '');
  return { verb, subresources: subresources.get(root) ?? ['proxy'] };
}

const running: ReadonlySet<string> = new Set(['attach', 'exec', 'portForward', 'run']);

const verbs: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

const subresources: ReadonlyMap<string, readonly string[]> = new Map([
  ['stats', ['stats']],
  ['metrics', ['metrics']],
  ['logs', ['log']],
  ['checkpoint', ['checkpoint']],
  ['statusz', ['statusz']],
  ['flagz', ['configz']],
  ['pods', ['pods', 'proxy']],
  ['runningpods', ['pods', 'proxy']],
  ['healthz', ['healthz', 'proxy']],
  ['configz', ['configz', 'proxy']],
]);
