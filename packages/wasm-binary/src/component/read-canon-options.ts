import type { ByteReader } from '../byte-reader.ts';
import type { CanonOptions, StringEncoding } from './canon.ts';
import { readList } from './read-value-type.ts';
import { lookUp, type Scope } from './scope.ts';

type Option = keyof CanonOptions;
const encodings: readonly StringEncoding[] = ['utf8', 'utf16', 'latin1+utf16'];

/** Reads options and checks that they go together; `allowed` are those beside the encoding and the memory. */
export function readCanonOptions(
  reader: ByteReader,
  scope: Scope,
  allowed: readonly Exclude<Option, 'encoding' | 'memory'>[],
): CanonOptions {
  const { reading } = scope;
  const found: { -readonly [K in Option]?: CanonOptions[K] } = {};
  const once = <K extends Option>(option: K, value: CanonOptions[K]): void => {
    if (found[option] !== undefined) reading.invalid(`the canonical option ${option} twice`);
    if (option !== 'encoding' && option !== 'memory' && !allowed.some((one) => one === option)) {
      reading.invalid(`the canonical option ${option} where it has no meaning`);
    }
    found[option] = value;
  };
  readList(reader, 'options', () => {
    const option = reader.byte();
    const encoding = encodings[option];
    if (encoding !== undefined) return once('encoding', encoding);
    switch (option) {
      case 0x03:
        return once('memory', readMemory(reader, scope));
      case 0x04:
        return once('realloc', reader.u32());
      case 0x05:
        return once('postReturn', reader.u32());
      case 0x06:
        return once('async', true);
      case 0x07:
        return once('callback', reader.u32());
      case 0x08:
      case 0x09:
        return reading.unsupported('canonical options for garbage-collected values');
      default:
        return reader.fail('an unknown canonical option');
    }
  });
  const options: CanonOptions = { encoding: 'utf8', async: false, ...found };
  checkTogether(scope, options);
  return options;
}

/** The index of a memory that canonical definitions can use: a 32-bit one. */
export function readMemory(reader: ByteReader, scope: Scope): number {
  const index = reader.u32();
  const { limits, pageSizeLog2 } = lookUp(scope, 'core-memory', index);
  if (limits.address64) scope.reading.unsupported('components with 64-bit memories');
  if (pageSizeLog2 !== 16) scope.reading.unsupported('components with memories of other pages');
  if (limits.shared) scope.reading.invalid('a canonical definition with a shared memory');
  return index;
}

/** Throws `INVALID` when a core function has not the signature that its use asks for, e.g. `i32,i32` and `i32`. */
export function checkSignature(
  scope: Scope,
  func: number,
  what: string,
  params: string,
  results: string,
): void {
  const type = lookUp(scope, 'core-func', func);
  if (type.params.join() === params && type.results.join() === results) return;
  scope.reading.invalid(
    `${what} is (${type.params.join(' ')}) -> (${type.results.join(' ')}) instead of (${params}) -> (${results})`,
  );
}

function checkTogether(scope: Scope, { memory, realloc, postReturn, async, callback }: CanonOptions): void {
  const { reading } = scope;
  if (realloc !== undefined) {
    if (memory === undefined) reading.invalid('the canonical option realloc without memory');
    checkSignature(scope, realloc, 'realloc', 'i32,i32,i32,i32', 'i32');
  }
  if (async && postReturn !== undefined)
    reading.invalid('the canonical options async and post-return together');
  if (callback !== undefined) {
    if (!async) reading.invalid('the canonical option callback without async');
    checkSignature(scope, callback, 'callback', 'i32,i32,i32', 'i32');
  }
}
