/** A version by https://semver.org, in its parts. */
export interface Version {
  readonly major: string;
  readonly minor: string;
  readonly patch: string;
  /** What follows the hyphen. */
  readonly preRelease?: string;
}

const number = '(0|[1-9][0-9]*)';
const complete = new RegExp(
  `^${number}\\.${number}\\.${number}(?:-([0-9A-Za-z.-]+))?(?:\\+([0-9A-Za-z.-]+))?$`,
);
/** What interface names have of a version when they leave out what may differ: `1`, `0.2`, `0.0.3`. */
const canonical = /^(?:[1-9][0-9]*|0\.[1-9][0-9]*|0\.0\.[1-9][0-9]*|0\.0\.0)$/;

/** The parts of a version, or nothing when it is none. */
export function parseVersion(text: string): Version | undefined {
  const [matched, major, minor, patch, preRelease, build] = complete.exec(text) ?? [];
  if (matched === undefined || major === undefined || minor === undefined || patch === undefined)
    return undefined;
  const identifiers = preRelease?.split('.') ?? [];
  if (identifiers.some((part) => part === '' || /^0[0-9]+$/.test(part))) return undefined;
  if (build?.split('.').includes('')) return undefined;
  return { major, minor, patch, ...(preRelease === undefined ? {} : { preRelease }) };
}

/** Whether it is a version as names have them in short: `1`, `0.2`, `0.0.3`. */
export function isCanonicalVersion(text: string): boolean {
  return canonical.test(text);
}

/**
 * Whether an interface of the version `offered` serves who asks for `wanted`: the same version to the left-most number that
 * is not zero (`0.2.0` and `0.2.8`, `1.0.0` and `1.4.0`), in both directions, as what a guest really uses is checked by its
 * types. Pre-releases serve themselves only. No version serves no version only.
 */
export function compatibleVersion(wanted: string | undefined, offered: string | undefined): boolean {
  if (wanted === offered) return true;
  if (wanted === undefined || offered === undefined) return false;
  const track = trackOf(wanted);
  return track !== undefined && track === trackOf(offered);
}

/** Versions of one track serve each other. */
function trackOf(text: string): string | undefined {
  if (isCanonicalVersion(text)) return text;
  const version = parseVersion(text);
  if (version === undefined) return undefined;
  const { major, minor, patch, preRelease } = version;
  if (preRelease !== undefined) return `${major}.${minor}.${patch}-${preRelease}`;
  if (major !== '0') return major;
  return minor === '0' ? `0.0.${patch}` : `0.${minor}`;
}
