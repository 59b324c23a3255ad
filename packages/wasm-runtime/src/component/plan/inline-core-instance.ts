import type { CoreInstanceDefinition, ForwardingModule, ModuleType } from '@wasmlet/wasm-binary';
import type { Draft } from './draft.ts';
import type { Forwarders } from './forwarders.ts';
import { coreTypeText } from './inline-canon.ts';
import { type CoreInstanceValue, itemAt, type Scope, type Slot, type Source } from './scope.ts';

/** What is known of the core modules by number. */
export interface ModuleFacts {
  readonly importsOf: (module: number) => ModuleType['imports'];
  readonly forwardingOf: (module: number) => ForwardingModule | undefined;
}

export interface CoreInstanceContext {
  readonly scope: Scope;
  readonly draft: Draft;
  readonly modules: ModuleFacts;
  readonly forwarders: Forwarders;
}

/** Writes down the instantiation of a core module, or puts an instance together from what is there. */
export function inlineCoreInstance(
  definition: CoreInstanceDefinition,
  { scope, draft, modules, forwarders }: CoreInstanceContext,
): CoreInstanceValue {
  if (definition.from === 'exports') {
    const sources = new Map<string, Source>(
      definition.exports.map(({ name, sort, index }) => [name, itemAt(scope, sort, index).value as Source]),
    );
    return { get: (name) => sources.get(name) };
  }
  const module = scope.spaces['core-module'][definition.module] as number;
  const args = new Map(
    definition.args.map(({ name, instance }) => [name, scope.spaces['core-instance'][instance]]),
  );
  const imports = modules.importsOf(module).map(({ module: namespace, name, type }) => {
    const source = args.get(namespace)?.get(name);
    if (source === undefined) throw new RangeError(`nothing for ${namespace}.${name}`);
    const coreType = type.kind === 'core-func' ? coreTypeText(type) : undefined;
    return { module: namespace, name, source, coreType };
  });
  const instance = draft.addStep({ module, imports });
  const forwarding = modules.forwardingOf(module);
  if (forwarding?.kind === 'filler') forwarders.fill(instance, forwarding, imports);
  if (forwarding?.kind !== 'forwarder') {
    return { get: (name) => ({ from: 'instance', instance, name }) };
  }
  const slots = new Map<string, Slot>();
  for (const name of forwarding.functions.keys()) {
    slots.set(name, { from: 'slot', forwarder: instance, name, filled: undefined });
  }
  forwarders.add(instance, forwarding, slots);
  return { get: (name) => slots.get(name) ?? { from: 'instance', instance, name } };
}
