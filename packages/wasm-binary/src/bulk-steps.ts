import { opcode } from './instructions.ts';
import { leb } from './leb.ts';
import type { AddedFunction } from './replace-instructions.ts';

export type AddressType = 'i32' | 'i64';

/** An instruction that writes many bytes of a memory, or elements of a table. */
export interface Bulk {
  readonly instruction: readonly number[];
  readonly to: AddressType;
  /** What is written: from where, or, as the bytes of a type, one value again and again. */
  readonly from: AddressType | readonly number[];
  readonly length: AddressType;
  /** Reads one at an address: where what is read and what is written may overlap, and have one type of address. */
  readonly read?: readonly number[];
}

/**
 * A function that does an instruction in steps of at most so many bytes or elements, each a call of itself: engines look at every
 * call whether they are to stop, but not at every turn of a loop (V8's baseline compiler counts the code that it has run). As the
 * instruction does, it traps before anything is written; what is out of bounds is left to the instruction itself. From
 * the end down, because the first step then sees whether all of it is within bounds.
 *
 * ```wat
 * (func $self (param $to i32) (param $from i32) (param $length i32)
 *   (block $rest
 *     (br_if $rest (i32.le_u (local.get $length) (i32.const STEP)))
 *     ;; beyond the last address: the instruction traps
 *     (br_if $rest (i32.lt_u (i32.add (local.get $to) (i32.sub (local.get $length) (i32.const 1))) (local.get $to)))
 *     (br_if $rest ...) ;; and of $from
 *     (if (i32.le_u (local.get $to) (local.get $from)) ;; where they may overlap, from the beginning up
 *       (then
 *         (drop (i32.load8_u (i32.add (local.get $from) (i32.sub (local.get $length) (i32.const 1)))))
 *         (loop $next
 *           (call $self (local.get $to) (local.get $from) (i32.const STEP))
 *           ... ;; $to and $from go up by a step, $length goes down
 *           (br_if $next (i32.gt_u (local.get $length) (i32.const STEP))))
 *         (br $rest)))
 *     (loop $next
 *       (local.set $length (i32.sub (local.get $length) (i32.const STEP)))
 *       (call $self (i32.add (local.get $to) (local.get $length)) (i32.add ...) (i32.const STEP))
 *       (br_if $next (i32.gt_u (local.get $length) (i32.const STEP)))))
 *   (memory.copy (local.get $to) (local.get $from) (local.get $length)))
 * ```
 */
export function inSteps({ instruction, to, from, length, read }: Bulk, step: number): AddedFunction {
  const source = typeof from === 'string' ? from : undefined;
  const count = arithmetic[length];
  const stepLength = constant(length, step);
  const isMore = code(get(local.length), stepLength, count.isAbove);
  /** What is so far behind an address as there is left. */
  const ahead = (address: number, type: AddressType, left: readonly number[]): readonly number[] =>
    code(get(address), left, type === length ? [] : widen, arithmetic[type].add);
  const toLast = code(get(local.length), constant(length, 1), count.subtract);
  const wraps = (address: number, type: AddressType): readonly number[] =>
    code(ahead(address, type, toLast), get(address), arithmetic[type].isBelow);
  const goUp = (address: number, type: AddressType): readonly number[] =>
    code(get(address), constant(type, step), arithmetic[type].add, set(address));
  const goDown = code(get(local.length), stepLength, count.subtract, set(local.length));

  const upwards = (self: number, type: AddressType, readOne: readonly number[]): readonly number[] =>
    code(
      code(get(local.to), get(local.from), arithmetic[type].isAtMost, begin.if),
      code(ahead(local.from, type, toLast), readOne, drop),
      begin.loop,
      code(get(local.to), get(local.from), stepLength, call(self)),
      code(goUp(local.to, type), goUp(local.from, type), goDown),
      code(isMore, branchIf(0), opcode.end),
      code(branch(1), opcode.end),
    );
  const atLength = (address: number, type: AddressType): readonly number[] =>
    ahead(address, type, get(local.length));
  const downwards = (self: number): readonly number[] =>
    code(
      code(begin.loop, goDown),
      code(atLength(local.to, to), source ? atLength(local.from, source) : get(local.from)),
      code(stepLength, call(self)),
      code(isMore, branchIf(0), opcode.end),
    );
  return {
    type: code(
      0x60,
      3,
      valueType[to],
      typeof from === 'string' ? valueType[from] : from,
      valueType[length],
      0,
    ),
    body: (self) =>
      code(
        noLocals,
        code(begin.block, get(local.length), stepLength, count.isAtMost, branchIf(0)),
        code(wraps(local.to, to), branchIf(0)),
        source ? code(wraps(local.from, source), branchIf(0)) : [],
        read ? upwards(self, to, read) : [],
        code(downwards(self), opcode.end),
        code(get(local.to), get(local.from), get(local.length), instruction, opcode.end),
      ),
  };
}

/** Of numbers without a sign. */
const arithmetic = {
  i32: { add: 0x6a, subtract: 0x6b, isBelow: 0x49, isAbove: 0x4b, isAtMost: 0x4d },
  i64: { add: 0x7c, subtract: 0x7d, isBelow: 0x54, isAbove: 0x56, isAtMost: 0x58 },
} as const;
/** Blocks without a value. */
const begin = { block: [0x02, 0x40], loop: [0x03, 0x40], if: [0x04, 0x40] } as const;
const local = { to: 0, from: 1, length: 2 } as const;
const noLocals = 0;
const drop = 0x1a;
/** `i64.extend_i32_u` */
const widen = 0xad;
export const valueType = { i32: 0x7f, i64: 0x7e } as const;

const get = (index: number): readonly number[] => [0x20, index];
const set = (index: number): readonly number[] => [0x21, index];
const call = (number: number): readonly number[] => [opcode.call, ...leb(number)];
const branch = (label: number): readonly number[] => [0x0c, label];
const branchIf = (label: number): readonly number[] => [0x0d, label];

function code(...parts: readonly (number | readonly number[])[]): readonly number[] {
  return parts.flat();
}

/** The number, not negative, has a sign: the highest of its last seven bits. */
function constant(type: AddressType, value: number): readonly number[] {
  const bytes = leb(value);
  const last = bytes.pop() ?? 0;
  return [type === 'i32' ? 0x41 : 0x42, ...bytes, ...(last & 0x40 ? [last | 0x80, 0] : [last])];
}
