import { isRecord, readStrings } from '../content/read-descriptor.ts';
import { parseStrictJson } from '../content/strict-json.ts';
import { OciError } from '../errors.ts';
import { printable } from './printable.ts';

/** What the lock file of a Spin application tells about its one component. */
export interface SpinApplication {
  /** The component's name. */
  readonly component: string;
  /** What it is started by, e.g. `http`, `command`. */
  readonly triggers: readonly string[];
  readonly env: readonly (readonly [name: string, value: string])[];
  /** Digest of the layer that has its binary. */
  readonly source: string;
}

/**
 * Reads a lock file (`application/vnd.fermyon.spin.application.v1+config`), for applications of one component.
 *
 * Throws {@link OciError} `UNSUPPORTED_ARTIFACT` for all others.
 */
export function readSpinLock(bytes: Uint8Array, name: string): SpinApplication {
  const unsupported = (problem: string, cause?: unknown): OciError =>
    new OciError('UNSUPPORTED_ARTIFACT', `${name} is a Spin application ${problem}`, {
      reference: name,
      cause,
    });
  let lock: unknown;
  try {
    lock = parseStrictJson(bytes);
  } catch (cause) {
    throw unsupported(`whose lock file ${(cause as Error).message}`, cause);
  }
  const components = records(isRecord(lock) ? lock['components'] : undefined);
  const [component] = components;
  if (component === undefined) throw unsupported('without components');
  if (components.length > 1) {
    const names = components.slice(0, 8).map((each) => printable(String(each['id'])));
    throw unsupported(`of ${components.length} components (${names.join(', ')}); one is supported`);
  }
  const { id, source, env, dependencies } = component;
  const triggered = records(isRecord(lock) ? lock['triggers'] : undefined);
  if ([component, ...triggered].some((part) => isFilled(part['trigger_dependencies']))) {
    throw unsupported('with components between its trigger and its own, such as middleware');
  }
  const needs = [lock, component].flatMap((part) => hostRequirements(part));
  if (needs.length > 0) throw unsupported(`that needs ${needs.slice(0, 8).join(', ')} of its host`);
  const digest = isRecord(source) ? source['digest'] : undefined;
  if (typeof id !== 'string' || typeof digest !== 'string') {
    throw unsupported('whose component has no layer for its source; push it with `spin registry push`');
  }
  if (isFilled(dependencies)) {
    throw unsupported(
      'whose component has dependencies beside it; push it with `spin registry push`, which composes them',
    );
  }
  const triggers = triggered
    .map((trigger) => trigger['trigger_type'])
    .filter((type): type is string => typeof type === 'string');
  return {
    component: id,
    triggers: [...new Set(triggers)],
    env: Object.entries(readStrings(env) ?? {}),
    source: digest,
  };
}

function isFilled(value: unknown): boolean {
  return isRecord(value) && Object.keys(value).length > 0;
}

/** What a host has to have beyond what all have. */
function hostRequirements(part: unknown): readonly string[] {
  const requirements = isRecord(part) ? part['host_requirements'] : undefined;
  const entries = isRecord(requirements) ? Object.entries(requirements) : [];
  return entries.filter(([, value]) => value !== 'optional').map(([name]) => printable(name));
}

function records(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
