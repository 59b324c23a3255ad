import { type Component, parseComponent, WasmBinaryError } from '@wasmlet/wasm-binary';
import { RuntimeError } from '../../errors.ts';
import type { PassOptions } from '../../passes/rewrite-module.ts';
import type {
  ComponentPlan,
  PlannedExport,
  PlannedResource,
  Trampoline,
  Unsupported,
} from './component-plan.ts';
import { refuseLaterWasi } from '../refuse-later-wasi.ts';
import { findCoreModules, type MemoryUse } from './core-modules.ts';
import type { DraftResource } from './draft.ts';
import { settle } from './forwarders.ts';
import { inlineComponent } from './inline-component.ts';
import type { InstanceValue, Source } from './scope.ts';

/**
 * Works out, once for all instances, what it takes to instantiate a component, and compiles its core modules. To be called
 * where they will run.
 *
 * @param passes what its core modules are held to. `memoryBytes` is the sum over all memories of all its instances
 * @param memories `pooled` where instances are made for one call each: linked instances use memories again then, cleared
 *
 * Throws {@link RuntimeError}: `INVALID_MODULE` for what is malformed, invalid or over a limit, `CANNOT_LINK` for what
 * components may have and the linker does not do, `UNSUPPORTED_WASI`.
 */
export function planComponent(
  bytes: Uint8Array,
  passes: PassOptions,
  memories: MemoryUse = 'own',
): ComponentPlan {
  const component = parse(bytes);
  refuseLaterWasi(
    'this',
    component.exports.map(({ name }) => name),
  );
  const modules = findCoreModules(bytes);
  const { draft, forwarders, exports } = inlineComponent(component, modules);
  const finished = forwarders.finish(draft.steps);
  const steps = finished.map(({ module, instance, imports }) => ({
    module,
    instance,
    imports: imports.map(({ module: namespace, name, source, coreType }) => {
      if (source.from === 'trampoline')
        checkType(draft.trampolines[source.trampoline], namespace, name, coreType);
      return { module: namespace, name, source };
    }),
  }));
  const planned = plannedExports(exports);
  const uses = new Map<number, number>();
  for (const { module } of steps) uses.set(module, (uses.get(module) ?? 0) + 1);
  return {
    modules: modules.compile(uses, passes, memories),
    steps,
    coreInstances: draft.coreInstances,
    instances: draft.instances,
    resources: draft.resources.map(plannedResource),
    imports: draft.imports,
    options: draft.options.map(({ instance, encoding, memory, realloc }) => ({
      instance,
      encoding,
      ...optional('memory', memory),
      ...optional('realloc', realloc),
    })),
    lifts: draft.lifts.map(({ core, type, options, postReturn }) => ({
      core: settle(core),
      type,
      options,
      ...optional('postReturn', postReturn),
    })),
    trampolines: draft.trampolines,
    exports: planned,
    unsupported: [...draft.unsupported, ...refusedExports(planned, draft.refusedLifts)],
  };
}

function parse(bytes: Uint8Array): Component {
  try {
    return parseComponent(bytes);
  } catch (cause) {
    if (!(cause instanceof WasmBinaryError)) throw cause;
    const code = cause.code === 'UNSUPPORTED' ? 'CANNOT_LINK' : 'INVALID_MODULE';
    throw new RuntimeError(code, `the component is refused: ${cause.message}`, { cause });
  }
}

/** A core module that imports the linker's function with another type would get values that nobody has checked. */
function checkType(
  trampoline: Trampoline | undefined,
  namespace: string,
  name: string,
  coreType: string | undefined,
): void {
  if (trampoline?.coreType === coreType) return;
  throw new RuntimeError(
    'INVALID_MODULE',
    `a core module imports ${namespace}.${name} as ${coreType}; it is ${trampoline?.coreType}`,
  );
}

function plannedResource(resource: DraftResource): PlannedResource {
  if (resource.kind === 'import') return resource;
  const { kind, instance, destructor } = resource;
  return { kind, instance, ...optional('destructor', destructor) };
}

function optional<K extends string>(
  key: K,
  source: Source | undefined,
): { readonly [P in K]?: ReturnType<typeof settle> } {
  return source === undefined ? {} : ({ [key]: settle(source) } as never);
}

/** One instance may be exported under many names, so what it exports is planned once. */
function plannedExports(
  exports: InstanceValue,
  known: Map<InstanceValue, readonly PlannedExport[]> = new Map(),
): readonly PlannedExport[] {
  const before = known.get(exports);
  if (before !== undefined) return before;
  const planned: PlannedExport[] = [];
  known.set(exports, planned);
  for (const [name, item] of exports) {
    if (item.sort === 'instance') {
      planned.push({ name, kind: 'instance', exports: plannedExports(item.value, known) });
    } else if (item.sort === 'func' && item.value.kind === 'lift') {
      planned.push({ name, kind: 'func', lift: item.value.lift });
    }
  }
  return planned;
}

/** Functions that cannot be called by the names that they are exported under; those of inner components have none. */
function refusedExports(
  exports: readonly PlannedExport[],
  refused: ReadonlyMap<number, string>,
): readonly Unsupported[] {
  const names = new Map<number, string>();
  for (const one of exports) {
    if (one.kind === 'func') names.set(one.lift, one.name);
    else
      for (const inner of one.exports)
        if (inner.kind === 'func') names.set(inner.lift, `${one.name}#${inner.name}`);
  }
  return [...refused].map(([lift, why]) => ({ what: names.get(lift) ?? 'a function of its own', why }));
}
