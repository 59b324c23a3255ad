import type { CoreFunctionType, CoreValueType, FunctionType, ResourceId, ValueType } from './types.ts';

/** How a string is held in a guest's memory. */
export type StringEncoding = 'utf8' | 'utf16' | 'latin1+utf16';

/** Options of a canonical definition; numbers are indices of core memories and functions. */
export interface CanonOptions {
  readonly encoding: StringEncoding;
  readonly memory?: number;
  readonly realloc?: number;
  readonly postReturn?: number;
  readonly async: boolean;
  readonly callback?: number;
}

/** Makes a function out of a core function, or the other way; or a core function that is built in. */
export type CanonDefinition =
  | {
      readonly kind: 'canon';
      readonly op: 'lift';
      readonly sort: 'func';
      readonly index: number;
      readonly coreFunc: number;
      readonly options: CanonOptions;
      readonly type: FunctionType;
    }
  | ({
      readonly kind: 'canon';
      readonly sort: 'core-func';
      readonly index: number;
      /** Type of the core function that this makes. */
      readonly coreType: CoreFunctionType;
    } & CanonBuiltIn);

/** What a core function made by a canonical definition does. */
export type CanonBuiltIn =
  | {
      readonly op: 'lower';
      readonly func: number;
      readonly options: CanonOptions;
      readonly type: FunctionType;
    }
  | {
      readonly op: 'resource.new' | 'resource.drop' | 'resource.rep';
      readonly type: number;
      readonly resource: ResourceId;
    }
  | { readonly op: 'task.return'; readonly result?: ValueType; readonly options: CanonOptions }
  | {
      readonly op: 'context.get' | 'context.set';
      readonly valueType: CoreValueType;
      readonly slot: number;
    }
  | { readonly op: 'subtask.cancel'; readonly async: boolean }
  | {
      readonly op: 'stream.new' | 'stream.drop-readable' | 'stream.drop-writable';
      readonly type: ValueType;
    }
  | {
      readonly op: 'future.new' | 'future.drop-readable' | 'future.drop-writable';
      readonly type: ValueType;
    }
  | {
      readonly op: 'stream.read' | 'stream.write' | 'future.read' | 'future.write';
      readonly type: ValueType;
      readonly options: CanonOptions;
    }
  | {
      readonly op:
        | 'stream.cancel-read'
        | 'stream.cancel-write'
        | 'future.cancel-read'
        | 'future.cancel-write';
      readonly type: ValueType;
      readonly async: boolean;
    }
  | {
      readonly op: 'error-context.new' | 'error-context.debug-message';
      readonly options: CanonOptions;
    }
  | {
      readonly op: 'waitable-set.wait' | 'waitable-set.poll';
      readonly cancellable: boolean;
      readonly memory: number;
    }
  | {
      readonly op:
        | 'thread.suspend'
        | 'thread.yield'
        | 'thread.suspend-then-resume'
        | 'thread.yield-then-resume'
        | 'thread.suspend-then-promote'
        | 'thread.yield-then-promote';
      readonly cancellable: boolean;
    }
  | { readonly op: 'thread.new-indirect'; readonly table: number }
  | {
      readonly op:
        | 'backpressure.set'
        | 'backpressure.inc'
        | 'backpressure.dec'
        | 'task.cancel'
        | 'subtask.drop'
        | 'error-context.drop'
        | 'waitable-set.new'
        | 'waitable-set.drop'
        | 'waitable.join'
        | 'thread.index'
        | 'thread.resume-later';
    };
