import { compatibleVersion } from '@wasmlet/wasm-binary';
import { RuntimeError } from '../../errors.ts';
import type { CoreHostFunction, HostInterface, ResourceType } from '../host-interface.ts';
import type { ComponentPlan, PlannedImport } from '../plan/component-plan.ts';

/** What hosts provide for a plan, by the plan's numbers. */
export interface MatchedHosts {
  readonly functions: readonly CoreHostFunction[];
  /** Nothing for those that the component defines itself. */
  readonly resources: readonly (ResourceType<never> | undefined)[];
}

/**
 * Finds what a component imports. Throws {@link RuntimeError}: `CANNOT_LINK` for what the linker does not do, then
 * `UNKNOWN_IMPORT`; both name all that there is.
 */
export function matchHosts(plan: ComponentPlan, hosts: readonly HostInterface[]): MatchedHosts {
  if (plan.unsupported.length > 0) {
    const what = [...new Set(plan.unsupported.map((one) => `${one.what} ${one.why}`))];
    throw new RuntimeError('CANNOT_LINK', `the component cannot be linked: ${listed(what)}`);
  }
  const offered = new Map<string, HostInterface[]>();
  for (const host of hosts) {
    const known = offered.get(host.name);
    if (known) known.push(host);
    else offered.set(host.name, [host]);
  }
  const find = ({ interface: of, version }: Wanted): HostInterface | undefined =>
    offered.get(of)?.find((host) => compatibleVersion(version, host.version));
  const unknown: string[] = [];
  const miss = (wanted: Wanted): undefined => {
    unknown.push(describeMiss(wanted, offered.get(wanted.interface), find(wanted)));
    return undefined;
  };

  const functions = plan.imports.map((wanted) => {
    const found = ownOf(find(wanted)?.functions, wanted.name);
    if (found === undefined) return miss(wanted);
    if (found.type === wanted.coreType) return found;
    unknown.push(`${nameOf(wanted)} (it is imported as ${wanted.coreType}, and is ${found.type})`);
    return undefined;
  });
  const resources = plan.resources.map((resource) => {
    if (resource.kind === 'defined') return undefined;
    // One that no host knows: its handles can only come from functions that no host knows either.
    return ownOf(find(resource)?.resources, resource.name) ?? { name: resource.name };
  });
  if (unknown.length > 0) {
    const what = unknown.length === 1 ? '' : `${unknown.length} imports: `;
    throw new RuntimeError('UNKNOWN_IMPORT', `nothing provides ${what}${listed(unknown)}`);
  }
  return { functions: functions.filter((found) => found !== undefined), resources };
}

type Wanted = Pick<PlannedImport, 'interface' | 'version' | 'name'>;

/** Not what all objects have, `constructor` for instance. */
function ownOf<T>(named: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return named && Object.hasOwn(named, name) ? named[name] : undefined;
}

function describeMiss(
  wanted: Wanted,
  offered: readonly HostInterface[] | undefined,
  found: HostInterface | undefined,
): string {
  if (found) {
    const newer = wanted.version === found.version ? '' : `; what is there is of version ${found.version}`;
    return `${nameOf(wanted)} (no such function${newer})`;
  }
  if (!offered) return nameOf(wanted);
  const versions = offered.map(({ version }) => version ?? 'none').join(', ');
  return `${nameOf(wanted)} (what is there is of version ${versions})`;
}

function nameOf({ interface: of, version, name }: Wanted): string {
  if (of === '') return name;
  return `${of}${version === undefined ? '' : `@${version}`}#${name}`;
}

const mostListed = 50;

function listed(what: readonly string[]): string {
  const shown = what.slice(0, mostListed).join(', ');
  return what.length > mostListed ? `${shown} and ${what.length - mostListed} more` : shown;
}
