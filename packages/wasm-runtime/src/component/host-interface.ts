/**
 * The contract of host interfaces: how hosts (WASI 0.2, HTTP) give functions to components. A host speaks the
 * canonical ABI itself: its functions take the core values of a lowered import and read and write the guest's memory
 * through a {@link GuestView}, so that nothing is converted on the way.
 *
 * A component says itself what types its imports have; the linker compares nothing but what they flatten to. So a host
 * function believes no value: numbers may be out of their range (a `bool` of 7), pointers anywhere, handles of any kind.
 */

/** An interface that a host offers to components. */
export interface HostInterface {
  /** Without version, e.g. `wasi:io/streams`; empty for functions that a component imports at its top. */
  readonly name: string;
  /**
   * The highest that the host knows, e.g. `0.2.8`. Imports of the same semver track (0.2.x, 1.x) match, newer ones as
   * long as they want no function that is unknown; absent: imports without version.
   */
  readonly version?: string;
  /** By their names in WIT's canonical form: `get-stdout`, `[method]input-stream.read`, `[static]fields.from-list`. */
  readonly functions: Readonly<Record<string, CoreHostFunction>>;
  /** The resource types that this interface defines (not those it uses), by name: `input-stream`. */
  readonly resources?: Readonly<Record<string, ResourceType<never>>>;
}

/** One function. */
export interface CoreHostFunction {
  /**
   * The core signature that its WIT signature flattens to when it is lowered: `(i32 i64 i32) -> ()`, `() -> (i64)`.
   * More than one flat result is a pointer at the end of the parameters; more than 16 flat parameters are one pointer.
   */
  readonly type: string;
  /** Whether it may answer with a promise where the guest's `waiting` is `suspend`; where it is `sync` it never may. */
  readonly waits: boolean;
  /**
   * Makes the function that one instance calls; runs for each import of each instance, so it does nothing but close over
   * `guest`. What that throws or rejects with traps the guest, which cannot catch it; answers are core values.
   */
  readonly bind: (guest: GuestView) => BoundFunction;
}

/** Takes and answers core values: `number` for i32 (signed), f32 and f64, `bigint` for i64. */
export type BoundFunction = (...values: never[]) => CoreResult | Promise<CoreResult>;

/** A value of i32, f32, f64 (`number`) or i64 (`bigint`). */
export type CoreValue = number | bigint;
/** What a core function answers: one value, or none. */
export type CoreResult = CoreValue | void;

/**
 * A type of resources that a host defines. Types are told apart by identity: all interfaces of a host that use it, and
 * the host's functions, hold the same value.
 */
export interface ResourceType<T> {
  /** For messages. */
  readonly name: string;
  /** Runs when a guest drops its own handle, and for what it holds at its end. Never waits. */
  readonly drop?: (object: T) => void;
}

/** What a host function sees of the (sub)component that calls it, as the canonical options of its import say. */
export interface GuestView extends GuestMemory {
  readonly handles: HandleTable;
  /** How a function that has to wait does so: by a promise, or with the thread. */
  readonly waiting: 'sync' | 'suspend';
  /** Ends the guest by a trap that it cannot catch. */
  trap(reason: string | Error): never;
  /** The same for a guest that exits, with the code for its caller. */
  exit(code: number): never;
}

/**
 * A component's memory, in its string encoding. What is out of bounds or unaligned traps. The memory may grow, which
 * detaches earlier views: ask for `bytes` and `view` again after each `allocate`, `store…` and wait.
 */
export interface GuestMemory {
  /** All of it, as it is now. */
  bytes(): Uint8Array;
  /** The same as a view. */
  view(): DataView;
  /** Traps unless `length` bytes at `pointer` lie in the memory and it is a multiple of `align`; returns it unsigned. */
  check(pointer: number, length: number, align?: number): number;
  /** The bytes themselves, not a copy. */
  span(pointer: number, length: number): Uint8Array;
  /** Room from the guest's own allocator, checked; not zeroed. */
  allocate(size: number, align: number): number;
  /**
   * @param length as the guest gives it, in units of its encoding
   * @param maxBytes of memory, above which it traps. A function that reads many bounds them together. @default 1 MiB
   */
  readString(pointer: number, length: number, maxBytes?: number): string;
  /** Puts a string (or `list<u8>`) into new room, and its pointer and length at `at`. */
  storeString(at: number, text: string): void;
  /** The same for bytes. */
  storeBytes(at: number, bytes: Uint8Array): void;
}

/**
 * The handles of one component instance, of all types in one numbering. Handles that are forged, dropped, or of another
 * type trap; so does one more than its cap.
 */
export interface HandleTable {
  /** Gives a resource to the guest: an `own`. */
  insert<T>(type: ResourceType<T>, object: T): number;
  /** Lets the guest use a resource until the export that it is told to returns: a `borrow`. */
  lend<T>(type: ResourceType<T>, object: T): number;
  /** What an `own` or `borrow` handle stands for; for parameters that are a `borrow`, `self` among them. */
  get<T>(type: ResourceType<T>, handle: number): T;
  /** Takes it from the guest: for parameters that are an `own`. Traps while it is lent. */
  take<T>(type: ResourceType<T>, handle: number): T;
}

/** A function that a component exports, for hosts that call it with core values: `wasi:http/incoming-handler.handle`. */
export interface CoreExport {
  /** What it flattens to when it is lifted: `(i32 i32) -> ()`. */
  readonly type: string;
  /** The component that exports it: where handles for its parameters go. */
  readonly guest: GuestView;
  /**
   * Calls it; a promise where the instance's `waiting` is `suspend`. Throws, or rejects with, the trap that ended the guest;
   * after that no call is possible any more. One at a time.
   */
  call(...values: readonly CoreValue[]): CoreResult | Promise<CoreResult>;
}
