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
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new SyntaxError('is not JSON: it is no UTF-8', { cause });
  }
  const repeated = survey(text);
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError('is not JSON', { cause });
  }
  if (repeated !== undefined) throw new SyntaxError(`has ${JSON.stringify(repeated.slice(0, 80))} twice`);
  return value;
}

/**
 * Goes through a text before the parser does, without making anything of it. Tells a name that an object has twice;
 * of what is no JSON it tells anything, and the parser the rest. Throws where the bounds are passed.
 */
function survey(text: string): string | undefined {
  /** Names so far of each object that is open; undefined for lists. */
  const open: (Set<string> | undefined)[] = [];
  let values = 0;
  let expectsName = false;
  let repeated: string | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    switch (character) {
      case '{':
      case '[': {
        const isObject = character === '{';
        values += 1;
        if (open.push(isObject ? new Set() : undefined) > maxDepth)
          throw new SyntaxError(`is nested more than ${maxDepth} deep`);
        expectsName = isObject;
        break;
      }
      case '}':
      case ']':
        open.pop();
        expectsName = false;
        break;
      case ',':
        values += 1;
        expectsName = open.at(-1) !== undefined;
        break;
      case '"': {
        const end = endOfString(text, at);
        const names = open.at(-1);
        if (expectsName && names !== undefined) {
          const name = nameOf(text.slice(at, end));
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
function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; ) {
    const quote = text.indexOf('"', at);
    if (quote === -1) return text.length;
    let before = quote;
    while (text[before - 1] === '\\') before -= 1;
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
