import {
  type CanonDefinition,
  type CanonOptions,
  casesOf,
  type CoreFunctionType,
  flattenFunction,
  type FunctionType,
  type ValueType,
} from '@wasmlet/wasm-binary';
import type { Trampoline } from './component-plan.ts';
import type { Draft } from './draft.ts';
import { relabelFunction } from './relabel-type.ts';
import { addItem, type FunctionValue, type Scope } from './scope.ts';

/** Writes down a canonical definition: a function of the component, or a core function that the linker is to make. */
export function inlineCanon(definition: CanonDefinition, scope: Scope, draft: Draft): void {
  if (definition.op === 'lift') {
    return addItem(scope, { sort: 'func', value: inlineLift(definition, scope, draft) });
  }
  const trampoline = draft.addTrampoline(trampolineOf(definition, scope, draft));
  return addItem(scope, { sort: 'core-func', value: { from: 'trampoline', trampoline } });
}

function inlineLift(
  { coreFunc, options, type }: Extract<CanonDefinition, { op: 'lift' }>,
  scope: Scope,
  draft: Draft,
): FunctionValue {
  const core = scope.spaces['core-func'][coreFunc];
  if (core === undefined) throw new RangeError(`no core function ${coreFunc}`);
  const lift = draft.addLift({
    core,
    type: relabelFunction(type, scope),
    options: addOptions(options, scope, draft),
    postReturn: options.postReturn === undefined ? undefined : scope.spaces['core-func'][options.postReturn],
  });
  const why = refusalOf(type, options);
  if (why !== undefined) draft.refuseLift(lift, why);
  return { kind: 'lift', lift };
}

function trampolineOf(
  definition: Exclude<CanonDefinition, { op: 'lift' }>,
  scope: Scope,
  draft: Draft,
): Trampoline {
  const coreType = coreTypeText(definition.coreType);
  if (definition.op === 'lower') return { ...loweredOf(definition, scope, draft), coreType };
  if (!('resource' in definition)) {
    draft.refuse(definition.op, 'is of WASI 0.3, which the linker does not do');
    return { kind: 'unsupported', coreType };
  }
  const resource = scope.resources.get(definition.resource);
  if (resource === undefined) throw new RangeError(`no resource ${definition.resource}`);
  return { kind: definition.op, resource, instance: scope.instance, coreType };
}

type Lower = Extract<CanonDefinition, { op: 'lower' }>;

function loweredOf({ func, type, options }: Lower, scope: Scope, draft: Draft): LoweredTrampoline {
  const value = scope.spaces.func[func];
  if (value === undefined) throw new RangeError(`no function ${func}`);
  const why = refusalOf(type, options);
  if (why !== undefined) {
    draft.refuse(value.kind === 'import' ? `${value.interface}#${value.name}` : 'a function of its own', why);
    return { kind: 'unsupported' };
  }
  const number = addOptions(options, scope, draft);
  if (value.kind === 'lift') return { kind: 'call', lift: value.lift, options: number };
  const { interface: of, version, name } = value;
  const relabelled = relabelFunction(type, scope);
  const imported = draft.addImport({
    interface: of,
    ...(version === undefined ? {} : { version }),
    name,
    type: relabelled,
    coreType: coreTypeText(flattenFunction(relabelled, 'lower')),
  });
  return { kind: 'import', import: imported, options: number };
}

type LoweredTrampoline =
  | { readonly kind: 'unsupported' }
  | { readonly kind: 'call'; readonly lift: number; readonly options: number }
  | { readonly kind: 'import'; readonly import: number; readonly options: number };

function addOptions(options: CanonOptions, { instance, spaces }: Scope, draft: Draft): number {
  const { encoding, memory, realloc } = options;
  return draft.addOptions({
    instance,
    encoding,
    memory: memory === undefined ? undefined : spaces['core-memory'][memory],
    realloc: realloc === undefined ? undefined : spaces['core-func'][realloc],
  });
}

/** Why a function cannot be called, if so. */
function refusalOf(type: FunctionType, options: CanonOptions): string | undefined {
  if (type.async || options.async) return 'is asynchronous (WASI 0.3), which the linker does not do';
  const types = [...type.params.map((param) => param.type), ...(type.result ? [type.result] : [])];
  const found = findUnsupported(types, new Set());
  return found && `has a ${found} (WASI 0.3), which the linker does not do`;
}

function findUnsupported(types: readonly ValueType[], seen: Set<ValueType>): string | undefined {
  for (const type of types) {
    if (seen.has(type)) continue;
    seen.add(type);
    if (type.kind === 'stream' || type.kind === 'future' || type.kind === 'error-context') return type.kind;
    const found = findUnsupported(partsOf(type), seen);
    if (found !== undefined) return found;
  }
  return undefined;
}

function partsOf(type: ValueType): readonly ValueType[] {
  if (type.kind === 'record') return type.fields.map((field) => field.type);
  if (type.kind === 'tuple') return type.elements;
  if (type.kind === 'list') return [type.element];
  if (type.kind === 'map') return [type.key, type.value];
  if (type.kind === 'variant' || type.kind === 'option' || type.kind === 'result') {
    return casesOf(type).flatMap((one) => (one.type ? [one.type] : []));
  }
  return [];
}

/** `(i32 i64) -> ()` */
export function coreTypeText({ params, results }: Pick<CoreFunctionType, 'params' | 'results'>): string {
  return `(${params.join(' ')}) -> (${results.join(' ')})`;
}
