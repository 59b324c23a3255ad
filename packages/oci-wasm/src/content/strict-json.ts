import { isUtf8 } from 'node:buffer';

/** Lists and objects within each other; no manifest has ten. */
const maxDepth = 64;
/** Members and elements on all levels together. Each takes far more memory than the two bytes that write it. */
const maxValues = 250_000;

/**
 * The value of foreign JSON that all readers understand alike: UTF-8, with no name twice in an object, since some
 * take the first and some the last. What it costs to hold is bounded by more than its length.
 *
 * Throws `SyntaxError`, whose message goes on from what the text is: `is not JSON`, `has "layers" twice`.
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  if (!isUtf8(bytes)) throw new SyntaxError('is not JSON: it is no UTF-8');
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const repeated = survey(text);
  let value: unknown;
  try {
    value = JSON.parse(text.toString());
  } catch (cause) {
    throw new SyntaxError('is not JSON', { cause });
  }
  if (repeated !== undefined) throw new SyntaxError(`has ${JSON.stringify(repeated.slice(0, 80))} twice`);
  return value;
}

const openObject = 0x7b;
const openList = 0x5b;
const closeObject = 0x7d;
const closeList = 0x5d;
const comma = 0x2c;
const quotationMark = 0x22;
const backslash = 0x5c;

/**
 * Goes through the bytes before there is a text of them, without making anything of it but names. Tells a name that an
 * object has twice; of what is no JSON it tells anything, and the parser the rest. Throws where the bounds are passed.
 */
function survey(text: Buffer): string | undefined {
  /** Names so far of each object that is open; undefined for lists. */
  const open: (Set<string> | undefined)[] = [];
  let values = 0;
  let expectsName = false;
  let repeated: string | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? 0;
    switch (character) {
      case openObject:
      case openList: {
        const isObject = character === openObject;
        values += 1;
        if (open.push(isObject ? new Set() : undefined) > maxDepth)
          throw new SyntaxError(`is nested more than ${maxDepth} deep`);
        expectsName = isObject;
        break;
      }
      case closeObject:
      case closeList:
        open.pop();
        expectsName = false;
        break;
      case comma:
        values += 1;
        expectsName = open.at(-1) !== undefined;
        break;
      case quotationMark: {
        const end = endOfString(text, at);
        const names = open.at(-1);
        if (expectsName && names !== undefined) {
          const name = nameOf(text.toString('utf8', at, end));
          if (names.has(name)) repeated ??= name;
          names.add(name);
        }
        expectsName = false;
        at = end - 1;
        break;
      }
      default:
    }
    if (values > maxValues) throw new SyntaxError(`has more than ${maxValues} values`);
  }
  return repeated;
}

/** Behind its closing quotation mark. */
function endOfString(text: Buffer, start: number): number {
  for (let at = start + 1; ; ) {
    const quote = text.indexOf(quotationMark, at);
    if (quote === -1) return text.length;
    let before = quote;
    while (text[before - 1] === backslash) before -= 1;
    if ((quote - before) % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

/** The same name can be written in many ways. */
function nameOf(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1);
  try {
    return JSON.parse(literal) as string;
  } catch {
    return literal;
  }
}
