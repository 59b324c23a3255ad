import { isCanonicalVersion, parseVersion } from './version.ts';

/** The name of an import or export, in its parts. */
export type ExternName =
  | { readonly kind: 'plain'; readonly label: string }
  /** `[constructor]request` */
  | { readonly kind: 'constructor'; readonly resource: string }
  /** `[method]request.path`, `[static]request.parse` */
  | { readonly kind: 'method' | 'static'; readonly resource: string; readonly member: string }
  | InterfaceName
  /** `unlocked-dep=<a:b@{>=1.0.0}>` */
  | { readonly kind: 'unlocked-dep'; readonly package: string; readonly range?: string }
  /** `locked-dep=<a:b@1.0.0>,integrity=<sha256-…>` */
  | {
      readonly kind: 'locked-dep';
      readonly package: string;
      readonly version?: string;
      readonly integrity?: string;
    }
  | { readonly kind: 'url'; readonly url: string; readonly integrity?: string }
  | { readonly kind: 'integrity'; readonly integrity: string };

/** `wasi:http/types@0.2.3` */
export interface InterfaceName {
  readonly kind: 'interface';
  readonly namespace: string;
  readonly package: string;
  readonly interface: string;
  /** Complete where it is known; in short (`0.2`) when the name has it so and no suffix completes it. */
  readonly version?: string;
}

const word = '[a-z][0-9a-z]*';
const fragment = '(?:[0-9a-z]+|[0-9A-Z]+)';
const label = `(?:${word}|[A-Z][0-9A-Z]*)(?:-${fragment})*`;
const lowerLabel = `${word}(?:-[0-9a-z]+)*`;
const packagePath = `${lowerLabel}:${lowerLabel}(?:/${label})?`;

const labelForm = new RegExp(`^${label}$`);
const constructorForm = new RegExp(`^\\[constructor\\](${label})$`);
const memberForm = new RegExp(`^\\[(method|static)\\](${label})\\.(${label})$`);
const interfaceForm = new RegExp(`^(${lowerLabel}):(${lowerLabel})/(${label})(?:@(.*))?$`);
const unlockedForm = new RegExp(`^unlocked-dep=<(${packagePath})(?:@(\\*|\\{[^{}<]*<?[^{}<]*\\}))?>$`);
const lockedForm = new RegExp(`^locked-dep=<(${packagePath})(?:@([^<>]*))?>(?:,integrity=<([^<>]*)>)?$`);
const urlForm = /^url=<([^<>]*)>(?:,integrity=<([^<>]*)>)?$/;
const integrityForm = /^integrity=<([^<>]*)>$/;
const hashForm = /^sha(?:256|384|512)-[0-9A-Za-z+/]+={0,2}(?:\?\S*)?$/;
const rangeForm = /^(?:>=(?<lower>[^ <>=]+)(?: <(?<upper>[^ <>=]+))?|<(?<below>[^ <>=]+))$/;

/** Whether it is a label: words in lower case or acronyms in upper case, joined by hyphens. */
export function isLabel(name: string): boolean {
  return labelForm.test(name);
}

/**
 * The parts of a name, or nothing when it is none. `versionSuffix` completes a version that the name has in short.
 */
export function parseExternName(name: string, versionSuffix?: string): ExternName | undefined {
  const parsed = parsePlainName(name) ?? parseInterfaceName(name, versionSuffix);
  if (versionSuffix !== undefined && (parsed?.kind !== 'interface' || parsed.version === undefined)) {
    return undefined;
  }
  return parsed ?? parseDependencyName(name);
}

function parsePlainName(name: string): ExternName | undefined {
  if (isLabel(name)) return { kind: 'plain', label: name };
  const resource = constructorForm.exec(name)?.[1];
  if (resource !== undefined) return { kind: 'constructor', resource };
  const [, kind, of, member] = memberForm.exec(name) ?? [];
  if (of === undefined || member === undefined) return undefined;
  return { kind: kind === 'method' ? 'method' : 'static', resource: of, member };
}

/** The parts of an interface's name, or nothing when it is none. */
export function parseInterfaceName(name: string, versionSuffix?: string): InterfaceName | undefined {
  const [, namespace, packageName, member, short] = interfaceForm.exec(name) ?? [];
  if (namespace === undefined || packageName === undefined || member === undefined) return undefined;
  const parts = { kind: 'interface', namespace, package: packageName, interface: member } as const;
  if (short === undefined) return parts;
  const version = completeVersion(short, versionSuffix);
  return version === undefined ? undefined : { ...parts, version };
}

function completeVersion(version: string, suffix: string | undefined): string | undefined {
  const whole = version + (suffix ?? '');
  if (suffix !== undefined && !isCanonicalVersion(version)) return undefined;
  if (parseVersion(whole) !== undefined) return whole;
  return suffix === undefined && isCanonicalVersion(version) ? version : undefined;
}

function parseDependencyName(name: string): ExternName | undefined {
  const integrity = integrityForm.exec(name)?.[1];
  if (integrity !== undefined) return isIntegrity(integrity) ? { kind: 'integrity', integrity } : undefined;
  const url = urlForm.exec(name);
  if (url?.[1] !== undefined) return withIntegrity({ kind: 'url', url: url[1] }, url[2]);
  const locked = lockedForm.exec(name);
  if (locked?.[1] !== undefined) {
    const version = locked[2];
    if (version !== undefined && parseVersion(version) === undefined) return undefined;
    const parts = { kind: 'locked-dep', package: locked[1] } as const;
    return withIntegrity(version === undefined ? parts : { ...parts, version }, locked[3]);
  }
  const [, path, range] = unlockedForm.exec(name) ?? [];
  if (path === undefined) return undefined;
  if (range === undefined) return { kind: 'unlocked-dep', package: path };
  return isRange(range) ? { kind: 'unlocked-dep', package: path, range } : undefined;
}

type Verified = Extract<ExternName, { readonly kind: 'locked-dep' | 'url' }>;

function withIntegrity(parts: Verified, integrity: string | undefined): ExternName | undefined {
  if (integrity === undefined) return parts;
  return isIntegrity(integrity) ? { ...parts, integrity } : undefined;
}

/** One or more hashes as in HTML's `integrity`. */
function isIntegrity(text: string): boolean {
  const hashes = text.split(/\s+/).filter((part) => part !== '');
  return hashes.length > 0 && hashes.every((hash) => hashForm.test(hash));
}

function isRange(text: string): boolean {
  if (text === '*' || text === '{*}') return true;
  const bounds = rangeForm.exec(text.slice(1, -1))?.groups;
  if (bounds === undefined) return false;
  return Object.values(bounds).every((bound) => bound === undefined || parseVersion(bound) !== undefined);
}
