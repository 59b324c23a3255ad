import type { ComponentImport, ExternType } from '@wasmlet/wasm-binary';
import { RuntimeError } from '../../errors.ts';
import type { DraftResource } from './draft.ts';
import type { InstanceValue, Item, Scope } from './scope.ts';

/** What an import at the top of a component stands for: functions and resources of a host's interface. */
export function hostItem(definition: ComponentImport, scope: Scope): Item {
  const { name, type } = definition;
  const { interface: of, version } = interfaceOf(definition);
  if (type.kind === 'instance') {
    return { sort: 'instance', value: hostInstance(type, { of, version, scope }) };
  }
  if (type.kind === 'func') return { sort: 'func', value: { kind: 'import', interface: '', name } };
  if (type.kind === 'type') return typeItem(type, scope);
  throw new RuntimeError(
    'CANNOT_LINK',
    `the component imports ${name}, which is a ${type.kind}; hosts provide interfaces and functions`,
  );
}

/** A resource that an import brings; `path` leads to it from the import. */
export function hostResource(definition: ComponentImport, path: readonly string[]): DraftResource {
  const { interface: of, version } = interfaceOf(definition);
  if (path.length === 0) return { kind: 'import', interface: '', name: definition.name };
  return {
    kind: 'import',
    interface: of,
    name: path.join('/'),
    ...(version === undefined ? {} : { version }),
  };
}

interface HostInterfaceName {
  readonly interface: string;
  readonly version: string | undefined;
}

function interfaceOf({ name, parts }: ComponentImport): HostInterfaceName {
  if (parts.kind !== 'interface') return { interface: name, version: undefined };
  return { interface: `${parts.namespace}:${parts.package}/${parts.interface}`, version: parts.version };
}

interface HostContext {
  readonly of: string;
  readonly version: string | undefined;
  readonly scope: Scope;
}

function hostInstance(
  type: Extract<ExternType, { kind: 'instance' }>,
  { of, version, scope }: HostContext,
): InstanceValue {
  const items = new Map<string, Item>();
  for (const { name, type: exported } of type.exports) {
    if (exported.kind === 'func') {
      items.set(name, { sort: 'func', value: { kind: 'import', interface: of, version, name } });
    } else if (exported.kind === 'type') items.set(name, typeItem(exported, scope));
    else {
      throw new RuntimeError(
        'CANNOT_LINK',
        `the component imports ${name} of ${of}, which is a ${exported.kind}; hosts provide functions and resources`,
      );
    }
  }
  return items;
}

function typeItem({ type }: Extract<ExternType, { kind: 'type' }>, scope: Scope): Item {
  const resource = type.kind === 'resource' ? scope.resources.get(type.resource) : undefined;
  return { sort: 'type', value: resource === undefined ? {} : { resource } };
}
