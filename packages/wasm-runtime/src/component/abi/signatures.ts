import { flattenFunction, type FunctionType, type Layout, type ValueType } from '@wasmlet/wasm-binary';
import { type CopyValue, createCopies } from './copy-value.ts';
import { createFlatValues, type Fill, type Spill } from './flat-values.ts';
import { createLoads, type Load } from './load-value.ts';
import type { Room } from './room.ts';
import { createStores, type StoreValue } from './store-value.ts';
import { createShapes } from './type-shapes.ts';

/** What is to be known of a function to call it, worked out once. */
export interface Signature {
  /** Its parameters as one tuple. */
  readonly params: Passage;
  readonly result: Passage | undefined;
  readonly count: number;
  /** Core values mean the same on both sides of a call, and all of them are valid. */
  readonly passesStraight: boolean;
}

/** One way of values across a border: whether in memory, and what reads, writes and copies them there. */
export interface Passage {
  readonly inMemory: boolean;
  readonly layout: Layout;
  readonly load: Load;
  readonly store: StoreValue;
  readonly copy: CopyValue;
  readonly spill: Spill;
  readonly fill: Fill;
  /** Room for values that are passed flat, on either side. Used within a call that nothing interrupts. */
  readonly here: Room;
  readonly there: Room;
}

/** Makes signatures of function types, and what they share. */
export function createSignatures(): (type: FunctionType) => Signature {
  const shapes = createShapes();
  const loadOf = createLoads(shapes);
  const storeOf = createStores(shapes);
  const copyOf = createCopies(shapes);
  const flat = createFlatValues(shapes);
  const known = new WeakMap<FunctionType, Signature>();

  const passageOf = (type: ValueType, inMemory: boolean): Passage => {
    const layout = shapes.layoutOf(type);
    return {
      inMemory,
      layout,
      load: loadOf(type),
      store: storeOf(type),
      copy: copyOf(type),
      spill: flat.spillOf(type),
      fill: flat.fillOf(type),
      here: createRoom(inMemory ? 0 : layout.size),
      there: createRoom(inMemory ? 0 : layout.size),
    };
  };

  return (type) => {
    const before = known.get(type);
    if (before !== undefined) return before;
    const { paramsInMemory, resultInMemory } = flattenFunction(type, 'lift');
    const elements = type.params.map((param) => param.type);
    const signature: Signature = {
      params: passageOf({ kind: 'tuple', elements }, paramsInMemory),
      result: type.result && passageOf(type.result, resultInMemory),
      count: elements.length,
      passesStraight: [...elements, ...(type.result ? [type.result] : [])].every(isCore) && !paramsInMemory,
    };
    known.set(type, signature);
    return signature;
  };
}

/** Types whose values are core values, all of them. */
const coreKinds: ReadonlySet<string> = new Set(['s32', 'u32', 's64', 'u64', 'f32', 'f64']);

function isCore(type: ValueType): boolean {
  return coreKinds.has(type.kind);
}

function createRoom(size: number): Room {
  const view = new DataView(new ArrayBuffer(size));
  return { view: () => view };
}
