import type {
  Component,
  ComponentImport,
  CoreModuleDefinition,
  Definition,
  NamedReference,
  ResourceSource,
} from '@wasmlet/wasm-binary';
import { RuntimeError } from '../../errors.ts';
import { createDraft, type Draft } from './draft.ts';
import { hostItem, hostResource } from './host-items.ts';
import { inlineCanon } from './inline-canon.ts';
import { createForwarders, type Forwarders } from './forwarders.ts';
import { inlineCoreInstance, type ModuleFacts } from './inline-core-instance.ts';
import {
  addItem,
  createScope,
  type ComponentValue,
  type InstanceValue,
  type Item,
  itemAt,
  type Scope,
  type TypeValue,
} from './scope.ts';

export interface ModuleNumbers extends ModuleFacts {
  /** The number of the core module of a definition; the same for each instance of a component. */
  readonly numberOf: (definition: CoreModuleDefinition) => number;
}

export interface Inlined {
  readonly draft: Draft;
  readonly forwarders: Forwarders;
  readonly exports: InstanceValue;
}

/**
 * Runs through what instantiates a component and all that is nested in it, without values, and writes down the steps that
 * are left for core modules. Components that are instantiated twice are there twice.
 *
 * Throws {@link RuntimeError}: `CANNOT_LINK` for what has no place in a plan, `INVALID_MODULE` for a component whose
 * instances explode.
 */
export function inlineComponent(root: Component, modules: ModuleNumbers): Inlined {
  const draft = createDraft();
  const forwarders = createForwarders();
  let work = 0;

  const instantiate = ({ component, scope: parent }: Nested, args: Arguments): InstanceValue => {
    draft.countInstance();
    const scope = createScope(component, parent, draft.instances - 1);
    const exports = new Map<string, Item>();
    for (const definition of component.definitions) {
      work += 1;
      if (work > maxWork) {
        throw new RuntimeError('INVALID_MODULE', `the component's instances have more than ${maxWork} parts`);
      }
      evaluate(definition, scope, { args, exports });
    }
    return exports;
  };

  const evaluate = (definition: Definition, scope: Scope, { args, exports }: Surroundings): void => {
    switch (definition.kind) {
      case 'import': {
        const item = args ? given(definition, args) : importFromHost(definition, scope, draft);
        if (args) learnResources(scope, definition.resources, item);
        return addItem(scope, item);
      }
      case 'export': {
        const item = itemAt(scope, definition.sort, definition.exported);
        learnResources(scope, definition.resources, item);
        exports.set(definition.name, item);
        return addItem(scope, item);
      }
      case 'component': {
        const value: ComponentValue = { component: definition.component, scope };
        return addItem(scope, { sort: 'component', value });
      }
      case 'instance':
        return addItem(scope, { sort: 'instance', value: inlineInstance(definition, scope) });
      case 'alias':
        return addItem(scope, inlineAlias(definition, scope));
      case 'type':
        return addItem(scope, { sort: 'type', value: inlineType(definition, scope, draft) });
      case 'core-module':
        return addItem(scope, { sort: 'core-module', value: modules.numberOf(definition) });
      case 'core-type':
        return addItem(scope, { sort: 'core-type', value: undefined });
      case 'core-instance':
        return addItem(scope, {
          sort: 'core-instance',
          value: inlineCoreInstance(definition, { scope, draft, modules, forwarders }),
        });
      case 'canon':
        return inlineCanon(definition, scope, draft);
    }
  };

  const inlineInstance = (
    definition: Extract<Definition, { kind: 'instance' }>,
    scope: Scope,
  ): InstanceValue => {
    if (definition.from === 'exports') return itemsOf(scope, definition.exports);
    const nested = scope.spaces.component[definition.component] as ComponentValue;
    const exports = instantiate(nested, itemsOf(scope, definition.args));
    learnResources(scope, definition.resources, { sort: 'instance', value: exports });
    return exports;
  };

  const exports = instantiate({ component: root, scope: undefined }, undefined);
  return { draft, forwarders, exports };
}

/** Definitions of all instances together; each takes well below a microsecond. */
const maxWork = 1_000_000;

interface Nested {
  readonly component: Component;
  readonly scope: Scope | undefined;
}

/** What a nested component is given; nothing for the root, whose imports come from hosts. */
type Arguments = InstanceValue | undefined;

interface Surroundings {
  readonly args: Arguments;
  readonly exports: Map<string, Item>;
}

function given(definition: ComponentImport, args: InstanceValue): Item {
  const item = args.get(definition.name);
  if (item === undefined) throw new RangeError(`no argument ${definition.name}`);
  return item;
}

function importFromHost(definition: ComponentImport, scope: Scope, draft: Draft): Item {
  for (const { resource, path } of definition.resources) {
    scope.resources.set(resource, draft.addResource(hostResource(definition, path)));
  }
  return hostItem(definition, scope);
}

function itemsOf(scope: Scope, references: readonly NamedReference[]): InstanceValue {
  return new Map(references.map(({ name, sort, index }) => [name, itemAt(scope, sort, index)]));
}

/** The scope has its own numbers for the resources of what it gets. */
function learnResources(scope: Scope, sources: readonly ResourceSource[], from: Item): void {
  for (const { resource, path } of sources) {
    let item: Item | undefined = from;
    for (const name of path) item = item?.sort === 'instance' ? item.value.get(name) : undefined;
    const number = item?.sort === 'type' ? item.value.resource : undefined;
    if (number === undefined) throw new RangeError(`no resource at ${path.join('/')}`);
    scope.resources.set(resource, number);
  }
}

function inlineAlias(definition: Extract<Definition, { kind: 'alias' }>, scope: Scope): Item {
  const { sort } = definition;
  switch (definition.of) {
    case 'outer': {
      let outer = scope;
      for (let left = definition.scopes; left > 0; left -= 1) outer = outer.parent as Scope;
      return itemAt(outer, sort, definition.outerIndex);
    }
    case 'export': {
      const item = scope.spaces.instance[definition.instance]?.get(definition.name);
      if (item?.sort !== sort) throw new RangeError(`no export ${definition.name}`);
      return item;
    }
    case 'core-export': {
      const value = scope.spaces['core-instance'][definition.instance]?.get(definition.name);
      if (value === undefined) throw new RangeError(`no core export ${definition.name}`);
      return { sort, value } as Item;
    }
  }
}

function inlineType({ type }: Extract<Definition, { kind: 'type' }>, scope: Scope, draft: Draft): TypeValue {
  if (type.kind !== 'resource') return {};
  const { resource, destructor } = type;
  const known = scope.resources.get(resource);
  if (known !== undefined) return { resource: known };
  const number = draft.addResource({
    kind: 'defined',
    instance: scope.instance,
    destructor: destructor === undefined ? undefined : scope.spaces['core-func'][destructor],
  });
  scope.resources.set(resource, number);
  return { resource: number };
}
