import type { CoreFunction } from './store.ts';

/**
 * Core functions for calls that may wait. V8 needs about ten times as long for a call that may suspend the guest as for one that
 * may not, so a little wasm module stands in between: it calls as if the answer were there, and only where there is none yet, it
 * calls what suspends.
 */
export interface WaitingCalls {
  /** @param calls answer a core value or a promise of one; in the order of the signatures */
  bind(calls: readonly CoreFunction[]): readonly WebAssembly.ImportValue[];
}

/** @param signatures as `(i32 i64) -> (i32)`. One module for all of them is compiled once for all instances. */
export function createWaitingCalls(signatures: readonly string[]): WaitingCalls {
  const parsed = signatures.map(parseSignature);
  let module: WebAssembly.Module | undefined;
  return {
    bind(calls) {
      let awaited: unknown;
      const take = (): unknown => {
        const answer = awaited;
        awaited = undefined;
        return answer;
      };
      const imports: Record<string, WebAssembly.ImportValue> = { later: new WebAssembly.Suspending(take) };
      let wait: WebAssembly.Global;
      calls.forEach((call, index) => {
        const invoke = call as (...values: unknown[]) => unknown;
        const none = parsed[index]?.result === 'i64' ? 0n : 0;
        imports[String(index)] = (...values: unknown[]) => {
          const answer = invoke(...values);
          if (!(answer instanceof Promise)) return answer;
          awaited = answer;
          wait.value = 1;
          return none;
        };
      });
      module ??= new WebAssembly.Module(encodeModule(parsed));
      const { exports } = new WebAssembly.Instance(module, { '': imports });
      wait = exports['wait'] as WebAssembly.Global;
      return calls.map((_, index) => exports[String(index)] as WebAssembly.ImportValue);
    },
  };
}

interface Signature {
  readonly params: readonly string[];
  readonly result: string | undefined;
}

function parseSignature(signature: string): Signature {
  const [params = '', result = ''] = signature.split(' -> ').map((part) => part.slice(1, -1));
  return { params: params === '' ? [] : params.split(' '), result: result === '' ? undefined : result };
}

const valueTypes: Readonly<Record<string, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c };
const op = {
  if: 0x04,
  end: 0x0b,
  call: 0x10,
  get: 0x20,
  set: 0x21,
  globalGet: 0x23,
  globalSet: 0x24,
  const: 0x41,
};
const none = 0x40;
const ifWaiting = [op.globalGet, 0, op.if, none, op.const, 0, op.globalSet, 0];
const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
/** In backtraces: frames of a module of this name are none of the guest's. */
const moduleName = 'wasmlet-calls';

/**
 * For each signature an import `0`, `1`, …, an import `later` of the same result, and an export by the first one's name:
 *
 * ```wat
 * (local.set $answer (call $0 (local.get 0) …))
 * (if (global.get $wait) (then (global.set $wait (i32.const 0)) (local.set $answer (call $later))))
 * (local.get $answer)
 * ```
 */
function encodeModule(signatures: readonly Signature[]): Uint8Array<ArrayBuffer> {
  const count = signatures.length;
  const types = signatures.flatMap(({ params, result }) => [
    [0x60, ...vector(params.map((type) => [valueType(type)])), ...results(result)],
    [0x60, 0, ...results(result)],
  ]);
  const imports = signatures.flatMap((_, index) => [
    [0, ...text(String(index)), 0, ...leb(2 * index)],
    [0, ...text('later'), 0, ...leb(2 * index + 1)],
  ]);
  const functions = signatures.map((_, index) => leb(2 * index));
  const exports = signatures.map((_, index) => [...text(String(index)), 0, ...leb(2 * count + index)]);
  const bodies = signatures.map((signature, index) => {
    const body = encodeBody(signature, 2 * index);
    return [...leb(body.length), ...body];
  });
  return Uint8Array.from([
    ...header,
    ...section(1, vector(types)),
    ...section(2, vector(imports)),
    ...section(3, vector(functions)),
    ...section(6, vector([[valueType('i32'), 1, op.const, 0, op.end]])),
    ...section(7, vector([...exports, [...text('wait'), 3, 0]])),
    ...section(10, vector(bodies)),
    ...section(0, [...text('name'), 0, moduleName.length + 1, ...text(moduleName)]),
  ]);
}

function encodeBody({ params, result }: Signature, call: number): readonly number[] {
  const answer = leb(params.length);
  const keep = result === undefined ? [] : [op.set, ...answer];
  return [
    ...(result === undefined ? [0] : [1, 1, valueType(result)]),
    ...params.flatMap((_, index) => [op.get, ...leb(index)]),
    op.call,
    ...leb(call),
    ...keep,
    ...ifWaiting,
    op.call,
    ...leb(call + 1),
    ...keep,
    op.end,
    ...(result === undefined ? [] : [op.get, ...answer]),
    op.end,
  ];
}

function results(result: string | undefined): readonly number[] {
  return result === undefined ? [0] : [1, valueType(result)];
}

function valueType(type: string): number {
  const found = valueTypes[type];
  if (found === undefined) throw new RangeError(`no core type ${type}`);
  return found;
}

function section(id: number, content: readonly number[]): readonly number[] {
  return [id, ...leb(content.length), ...content];
}

function vector(items: readonly (readonly number[])[]): readonly number[] {
  return [...leb(items.length), ...items.flat()];
}

/** ASCII. */
function text(name: string): readonly number[] {
  return [name.length, ...Buffer.from(name)];
}

function leb(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}
