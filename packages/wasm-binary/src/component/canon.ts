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
  | { readonly op: StreamEndOp; readonly type: StreamType }
  | { readonly op: StreamCopyOp; readonly type: StreamType; readonly options: CanonOptions }
  | { readonly op: StreamCancelOp; readonly type: StreamType; readonly async: boolean }
  | {
      readonly op: 'error-context.new' | 'error-context.debug-message';
      readonly options: CanonOptions;
    }
  | {
      readonly op: 'waitable-set.wait' | 'waitable-set.poll';
      readonly cancellable: boolean;
      readonly memory: number;
    }
  | { readonly op: CancellableOp; readonly cancellable: boolean }
  | { readonly op: 'thread.new-indirect'; readonly table: number }
  | { readonly op: BareOp };

/** Types of values that come one after the other, or once, later. */
export type StreamType = Extract<ValueType, { readonly kind: 'stream' | 'future' }>;

/** Built-ins that make an end of a stream or future, or let it go. */
export type StreamEndOp = `${'stream' | 'future'}.${'new' | 'drop-readable' | 'drop-writable'}`;
/** Built-ins that move values. */
export type StreamCopyOp = `${'stream' | 'future'}.${'read' | 'write'}`;
/** Built-ins that end such a move early. */
export type StreamCancelOp = `${'stream' | 'future'}.${'cancel-read' | 'cancel-write'}`;

/** What may end early when its task is cancelled. */
export type CancellableOp =
  | 'thread.suspend'
  | 'thread.yield'
  | 'thread.suspend-then-resume'
  | 'thread.yield-then-resume'
  | 'thread.suspend-then-promote'
  | 'thread.yield-then-promote';

/** What has nothing to say beside its name. */
export type BareOp =
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
