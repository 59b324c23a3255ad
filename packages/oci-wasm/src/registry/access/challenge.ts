/** One way in that a 401 answer offers (RFC 9110 §11.6.1). */
export interface Challenge {
  /** Lower case: `basic`, `bearer`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** All challenges of the `WWW-Authenticate` headers, in order; what cannot be parsed is left out. */
export function parseChallenges(headers: readonly string[]): readonly Challenge[] {
  return headers.slice(0, maxHeaders).flatMap((header) => parseHeader(header.slice(0, maxHeaderLength)));
}

/** Those of the kinds that can be answered. */
export function knownChallenges(headers: readonly string[]): readonly Challenge[] {
  return parseChallenges(headers).filter(({ scheme }) => scheme === 'basic' || scheme === 'bearer');
}

const maxScopes = 16;
const maxScopeLength = 512;

/** What a bearer challenge wants a token for. */
export function scopesOf({ parameters }: Challenge): readonly string[] {
  return (parameters['scope'] ?? '')
    .split(' ')
    .filter((text) => text !== '' && text.length <= maxScopeLength)
    .slice(0, maxScopes);
}

const maxHeaders = 16;
const maxHeaderLength = 8 * 1024;

// A parameter, or a scheme that may be followed by base64 (token68), as RFC 9110 §11.2 has them.
const pattern =
  /\s*,?\s*(?:(?<name>[\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<plain>[^\s,"=]+))|(?<scheme>[\w!#$%&'*+.^`|~-]+)(?:\s+[\w.~+/-]+=*(?=\s*(?:,|$)))?)/gy;

function parseHeader(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  for (const { groups = {} } of header.matchAll(pattern)) {
    const { name, quoted, plain, scheme } = groups;
    if (scheme !== undefined) {
      challenges.push({
        scheme: scheme.toLowerCase(),
        parameters: Object.create(null) as Record<string, string>,
      });
      continue;
    }
    const last = challenges.at(-1);
    if (last === undefined || name === undefined) continue;
    last.parameters[name.toLowerCase()] = quoted?.replace(/\\(.)/gs, '$1') ?? plain ?? '';
  }
  return challenges;
}
