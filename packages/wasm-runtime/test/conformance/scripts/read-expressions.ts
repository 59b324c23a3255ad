/** A part of a script in the text format of WebAssembly: `( … )`, a string, or a word. */
export type Expression = ListExpression | StringExpression | WordExpression;

export interface ListExpression {
  readonly kind: 'list';
  readonly parts: readonly Expression[];
  readonly line: number;
  /** As it is written. */
  readonly text: string;
}

/** Bytes, since `"\ff"` is no text. */
export interface StringExpression {
  readonly kind: 'string';
  readonly bytes: Uint8Array;
}

export interface WordExpression {
  readonly kind: 'word';
  readonly word: string;
}

const token = /\s+|;;[^\n]*|(\()|(\))|"((?:[^"\\]|\\.)*)"|([^\s()";]+)/y;
const blockComment = /\(;|;\)/g;

/** Reads all expressions at the top of a script. Throws `SyntaxError` for what is not balanced. */
export function readExpressions(script: string): readonly ListExpression[] {
  const top: Expression[] = [];
  const open: { readonly parts: Expression[]; readonly at: number }[] = [];
  const lineOf = countLines(script);
  for (let at = 0; at < script.length; ) {
    if (script.startsWith('(;', at)) {
      at = afterComment(script, at);
      continue;
    }
    token.lastIndex = at;
    const found = token.exec(script);
    if (!found) throw new SyntaxError(`line ${lineOf(at)}: what no script has`);
    const [all, opens, closes, quoted, word] = found;
    const parts = open.at(-1)?.parts ?? top;
    if (opens !== undefined) open.push({ parts: [], at });
    else if (closes !== undefined) {
      const list = open.pop();
      if (!list) throw new SyntaxError(`line ${lineOf(at)}: a bracket too many`);
      const text = script.slice(list.at, at + 1);
      (open.at(-1)?.parts ?? top).push({ kind: 'list', parts: list.parts, line: lineOf(list.at), text });
    } else if (quoted !== undefined) parts.push({ kind: 'string', bytes: unescape(quoted) });
    else if (word !== undefined) parts.push({ kind: 'word', word });
    at += all.length;
  }
  if (open.length > 0) throw new SyntaxError('a bracket is missing at the end');
  return top.filter((one) => one.kind === 'list');
}

/** Block comments are nested. */
function afterComment(script: string, at: number): number {
  let depth = 0;
  blockComment.lastIndex = at;
  for (let found = blockComment.exec(script); found; found = blockComment.exec(script)) {
    depth += found[0] === '(;' ? 1 : -1;
    if (depth === 0) return blockComment.lastIndex;
  }
  throw new SyntaxError('a comment does not end');
}

const escape = /\\(?:u\{([0-9a-fA-F_]+)\}|([0-9a-fA-F]{2})|(.))/g;
const named: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r' };

function unescape(quoted: string): Uint8Array {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const { 0: all, 1: point, 2: byte, 3: letter = '', index } of quoted.matchAll(escape)) {
    pieces.push(Buffer.from(quoted.slice(at, index)));
    if (point !== undefined) pieces.push(Buffer.from(String.fromCodePoint(Number.parseInt(point, 16))));
    else pieces.push(byte === undefined ? Buffer.from(named[letter] ?? letter) : Buffer.from(byte, 'hex'));
    at = index + all.length;
  }
  return Buffer.concat([...pieces, Buffer.from(quoted.slice(at))]);
}

function countLines(script: string): (at: number) => number {
  let line = 1;
  let counted = 0;
  let lines: number[] | undefined;
  return (at) => {
    // Mostly forwards; a list asks for its beginning once more.
    lines ??= [...script.matchAll(/\n/g)].map(({ index }) => index);
    if (at < counted) line = 1;
    while ((lines[line - 1] ?? Infinity) < at) line += 1;
    counted = at;
    return line;
  };
}
