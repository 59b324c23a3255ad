/** What a request line asks for. */
export interface RequestTarget {
  /** As it was sent, without the query, shortened: for logs. */
  readonly path: string;
  /**
   * Decoded, without empty ones at the end. `undefined` for what may mean one thing here and another
   * elsewhere: dots, empty segments, encoded slashes, another host, bad encoding.
   */
  readonly segments: readonly string[] | undefined;
  readonly query: URLSearchParams;
}

const maxLoggedLength = 256;

/** The path is split before it is decoded, and nothing in it is resolved: authorization and routing see the same. */
export function parseTarget(url: string): RequestTarget {
  const [beforeFragment = ''] = url.split('#', 1);
  const queryAt = beforeFragment.indexOf('?');
  const path = queryAt === -1 ? beforeFragment : beforeFragment.slice(0, queryAt);
  return {
    path: path.slice(0, maxLoggedLength),
    segments: parseSegments(path),
    query: new URLSearchParams(queryAt === -1 ? '' : beforeFragment.slice(queryAt + 1)),
  };
}

function parseSegments(path: string): readonly string[] | undefined {
  if (!path.startsWith('/')) return undefined;
  const encoded = path.slice(1).replace(/\/$/, '').split('/');
  try {
    const segments = encoded.map(decodeURIComponent);
    return segments.every(isPlain) ? segments : undefined;
  } catch {
    return undefined;
  }
}

function isPlain(segment: string): boolean {
  return segment !== '' && segment !== '.' && segment !== '..' && !/[/\\\0]/.test(segment);
}
