import type { Component, ResourceId, Sort } from '@wasmlet/wasm-binary';
import type { CoreSource } from './component-plan.ts';

/** One instance of a component while it is inlined: what its indices stand for. */
export interface Scope {
  readonly component: Component;
  /** The scope that the component is written in; outer aliases look there. */
  readonly parent: Scope | undefined;
  /** Number of the component instance. */
  readonly instance: number;
  /** Its resource types as numbers of the plan. */
  readonly resources: Map<ResourceId, number>;
  readonly spaces: Spaces;
  /** Relabelled types of functions. */
  readonly types: WeakMap<object, object>;
}

/** Values by index, for each sort. */
export interface Spaces {
  readonly func: FunctionValue[];
  readonly type: TypeValue[];
  readonly component: ComponentValue[];
  readonly instance: InstanceValue[];
  readonly 'core-func': Source[];
  readonly 'core-table': Source[];
  readonly 'core-memory': Source[];
  readonly 'core-global': Source[];
  readonly 'core-tag': Source[];
  readonly 'core-type': undefined[];
  readonly 'core-module': number[];
  readonly 'core-instance': CoreInstanceValue[];
}

export type FunctionValue =
  | { readonly kind: 'lift'; readonly lift: number }
  | {
      readonly kind: 'import';
      readonly interface: string;
      readonly version?: string | undefined;
      readonly name: string;
    };

/** A type: nothing is kept but which resource it is, if it is one. */
export interface TypeValue {
  readonly resource?: number;
}

export interface ComponentValue {
  readonly component: Component;
  readonly scope: Scope;
}

export type InstanceValue = ReadonlyMap<string, Item>;

export type Item = { readonly [S in Sort]: { readonly sort: S; readonly value: Spaces[S][number] } }[Sort];

/** A core item, or a slot of a forwarding module, which is filled later. */
export type Source = CoreSource | Slot;

export interface Slot {
  readonly from: 'slot';
  /** The core instance that forwards, and the name there. */
  readonly forwarder: number;
  readonly name: string;
  filled: CoreSource | undefined;
}

export type CoreInstanceValue = { readonly get: (name: string) => Source | undefined };

export function createScope(component: Component, parent: Scope | undefined, instance: number): Scope {
  return {
    component,
    parent,
    instance,
    resources: new Map(),
    types: new WeakMap(),
    spaces: {
      func: [],
      type: [],
      component: [],
      instance: [],
      'core-func': [],
      'core-table': [],
      'core-memory': [],
      'core-global': [],
      'core-tag': [],
      'core-type': [],
      'core-module': [],
      'core-instance': [],
    },
  };
}

/** What an index stands for. The parser has checked that there is one. */
export function itemAt(scope: Scope, sort: Sort, index: number): Item {
  const space: readonly unknown[] = scope.spaces[sort];
  if (index >= space.length) throw new RangeError(`no ${sort} ${index}`);
  return { sort, value: space[index] } as Item;
}

export function addItem(scope: Scope, { sort, value }: Item): void {
  (scope.spaces[sort] as unknown[]).push(value);
}
