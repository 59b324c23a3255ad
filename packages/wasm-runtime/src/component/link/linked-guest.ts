import { ComponentTrap } from '../component-trap.ts';
import type { GuestView } from '../host-interface.ts';
import type { PlannedOptions } from '../plan/component-plan.ts';
import { type StringCodec, stringCodec } from '../abi/guest-strings.ts';
import type { Handles } from './handles.ts';
import { type InstanceState, resolveSource, type Store } from './store.ts';

type Realloc = (old: number, oldSize: number, align: number, size: number) => number;

const maxStringBytes = 1024 * 1024;

/** A component instance with the canonical options of one or more of its imports or exports. */
export class LinkedGuest implements GuestView {
  readonly store: Store;
  readonly instance: InstanceState;
  readonly handles: Handles;
  readonly waiting: 'sync' | 'suspend';
  readonly #options: PlannedOptions;
  readonly #codec: StringCodec;
  #memory: WebAssembly.Memory | undefined;
  #realloc: Realloc | undefined;
  #bytes = none;
  #view = noView;

  constructor(store: Store, options: PlannedOptions) {
    this.store = store;
    this.instance = store.instances[options.instance] as InstanceState;
    this.handles = this.instance.handles;
    this.waiting = store.waiting;
    this.#options = options;
    this.#codec = stringCodec(options.encoding);
  }

  bytes(): Uint8Array {
    // Growth detaches it. To ask the memory for its buffer each time would take longer than what is done with it.
    return this.#bytes.length === 0 ? this.#attach() : this.#bytes;
  }

  view(): DataView {
    this.bytes();
    return this.#view;
  }

  check(pointer: number, length: number, align = 1): number {
    const start = pointer >>> 0;
    if (!(length >= 0 && start + length <= this.bytes().length)) {
      this.trap(`out of bounds memory access: ${length} bytes at ${start}`);
    }
    if (start % align !== 0) this.trap(`unaligned pointer: ${start} is no multiple of ${align}`);
    return start;
  }

  /** The same for the bytes of a string or list that leaves the component. */
  checkContent(pointer: number, length: number, align: number): number {
    if (length > maxContentBytes) {
      this.trap(`out of bounds: ${length} bytes, where a string or list may have ${maxContentBytes}`);
    }
    return this.check(pointer, length, align);
  }

  span(pointer: number, length: number): Uint8Array {
    const start = this.check(pointer, length >>> 0);
    return this.#bytes.subarray(start, start + (length >>> 0));
  }

  allocate(size: number, align: number): number {
    const realloc = this.#realloc ?? this.#findRealloc();
    if (!(size >= 0 && size <= maxAllocation)) this.trap(`a value of ${size} bytes for the guest`);
    const { instance } = this;
    const before = instance.mayLeave;
    instance.mayLeave = false;
    const pointer = realloc(0, 0, align, size) >>> 0;
    instance.mayLeave = before;
    if (pointer % align !== 0) this.trap('realloc return: result not aligned');
    if (pointer + size > this.bytes().length) this.trap('realloc return: beyond end of memory');
    return pointer;
  }

  readString(pointer: number, length: number, maxBytes: number = maxStringBytes): string {
    const bytes = this.stringBytes(pointer, length);
    if (bytes.length > maxBytes)
      this.trap(`a string of ${bytes.length} bytes; at most ${maxBytes} are taken`);
    return this.#codec.decode(bytes, length >>> 0) ?? this.trap(invalidString);
  }

  storeString(at: number, text: string): void {
    const { bytes, length } = this.#codec.encode(text);
    this.#place(at, bytes, length, this.#codec.alignment);
  }

  storeBytes(at: number, bytes: Uint8Array): void {
    this.#place(at, bytes, bytes.length, 1);
  }

  /** A string as it lies in the memory. */
  stringBytes(pointer: number, length: number): Uint8Array {
    const size = this.#codec.bytesOf(length >>> 0);
    const start = this.checkContent(pointer, size, this.#codec.alignment);
    return this.#bytes.subarray(start, start + size);
  }

  /** Copies a string into another guest's memory, in that one's encoding: its pointer and length there. */
  moveString(pointer: number, length: number, to: LinkedGuest): readonly [pointer: number, length: number] {
    const bytes = this.stringBytes(pointer, length);
    if (this.#codec !== to.#codec || !this.#codec.isMovedWhole(length >>> 0)) {
      return to.placeString(this.readString(pointer, length, Infinity));
    }
    if (!this.#codec.isValid(bytes)) this.trap(invalidString);
    const moved = to.allocate(bytes.length, this.#codec.alignment);
    to.#bytes.set(bytes, moved);
    return [moved, length >>> 0];
  }

  /** Puts a string into new room: its pointer and length. */
  placeString(text: string): readonly [pointer: number, length: number] {
    const { bytes, length } = this.#codec.encode(text);
    const pointer = this.allocate(bytes.length, this.#codec.alignment);
    this.#bytes.set(bytes, pointer);
    return [pointer, length];
  }

  /** Lets go of the memory: it may be another instance's from now on. */
  detach(): void {
    this.#memory = undefined;
    this.#realloc = undefined;
    this.#bytes = none;
    this.#view = noView;
  }

  trap(reason: string | Error): never {
    return this.store.exitSwitch.fail(typeof reason === 'string' ? new ComponentTrap(reason) : reason);
  }

  exit(code: number): never {
    return this.store.exitSwitch.exit(code);
  }

  #place(at: number, bytes: Uint8Array, length: number, align: number): void {
    const pointer = this.allocate(bytes.length, align);
    this.#bytes.set(bytes, pointer);
    const start = this.check(at, 8, 4);
    this.#view.setUint32(start, pointer, true);
    this.#view.setUint32(start + 4, length, true);
  }

  #attach(): Uint8Array {
    const { buffer } = this.#memory ?? this.#findMemory();
    if (this.#bytes.buffer !== buffer) {
      this.#bytes = new Uint8Array(buffer);
      this.#view = new DataView(buffer);
    }
    return this.#bytes;
  }

  #findMemory(): WebAssembly.Memory {
    if (this.store.closed) this.trap('the instance has been closed');
    const { memory } = this.#options;
    const found = memory && resolveSource(this.store, memory);
    if (!(found instanceof WebAssembly.Memory)) {
      return this.trap('a call that needs memory, before the memory is there');
    }
    this.#memory = found;
    return found;
  }

  #findRealloc(): Realloc {
    if (this.store.closed) this.trap('the instance has been closed');
    const { realloc } = this.#options;
    const found = realloc && resolveSource(this.store, realloc);
    if (typeof found !== 'function')
      return this.trap('a call that needs room, before the allocator is there');
    this.#realloc = found as Realloc;
    return this.#realloc;
  }
}

/** `MAX_STRING_BYTE_LENGTH` and `MAX_LIST_BYTE_LENGTH` of the canonical ABI. */
const maxContentBytes = 2 ** 28 - 1;
const invalidString = 'invalid string: its bytes are not in its encoding';
/** More than a 32-bit memory can hold. */
const maxAllocation = 0xffff_ffff;
const none = new Uint8Array(0);
const noView = new DataView(none.buffer);
