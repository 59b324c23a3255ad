import type { Expression, ListExpression } from './read-expressions.ts';

/** `(u32.const 1)` as our functions take it. */
export function valueOf(expression: ListExpression): unknown {
  const { form, parts } = formOf(expression);
  const first = parts[0];
  switch (form) {
    case 'bool.const':
      return wordOf(first) === 'true';
    case 's64.const':
    case 'u64.const':
      return integerOf(wordOf(first));
    case 'f32.const':
    case 'f64.const':
      return floatOf(wordOf(first));
    case 'char.const':
    case 'str.const':
    case 'enum.const':
      return textOf(first);
    case 'list.const':
    case 'tuple.const':
      return listsIn(parts).map(valueOf);
    case 'record.const':
      return Object.fromEntries(fieldsOf(parts).map(([name, value]) => [name, valueOf(value)]));
    case 'flags.const':
      return Object.fromEntries(parts.map((part) => [textOf(part), true]));
    case 'variant.const':
      return tagged(textOf(first), payloadOf(parts.slice(1)));
    case 'option.none':
      return undefined;
    case 'option.some':
      return valueOf(needed(payloadOf(parts)));
    case 'result.ok':
    case 'result.err':
      return tagged(form.slice('result.'.length), payloadOf(parts));
    default:
      return Number(integerOf(wordOf(first)));
  }
}

/** Whether a value that our functions answer is what `(u32.const 1)` says. */
export function matches(expected: ListExpression, actual: unknown): boolean {
  const { form, parts } = formOf(expected);
  switch (form) {
    case 'list.const':
    case 'tuple.const': {
      const values = listsIn(parts);
      const held = actual instanceof Uint8Array ? [...actual] : actual;
      return (
        Array.isArray(held) &&
        held.length === values.length &&
        values.every((value, at) => matches(value, held[at]))
      );
    }
    case 'record.const':
      return isObject(actual) && fieldsOf(parts).every(([name, value]) => matches(value, actual[name]));
    case 'flags.const': {
      if (!isObject(actual)) return false;
      const set = Object.keys(actual).filter((name) => actual[name] === true);
      return set.toSorted().join() === parts.map(textOf).toSorted().join();
    }
    case 'variant.const':
      return isCase(actual, textOf(parts[0]), payloadOf(parts.slice(1)));
    case 'result.ok':
    case 'result.err':
      return isCase(actual, form.slice('result.'.length), payloadOf(parts));
    case 'option.none':
      return actual === undefined || isCase(actual, 'none', undefined);
    case 'option.some': {
      const held = needed(payloadOf(parts));
      return isObject(actual) && actual['tag'] === 'some'
        ? matches(held, actual['val'])
        : matches(held, actual);
    }
    case 'f32.const':
    case 'f64.const':
      return Object.is(
        actual,
        form === 'f32.const' ? Math.fround(valueOf(expected) as number) : valueOf(expected),
      );
    default:
      return Object.is(actual, valueOf(expected));
  }
}

function isCase(actual: unknown, tag: string, payload: ListExpression | undefined): boolean {
  if (!isObject(actual) || actual['tag'] !== tag) return false;
  return payload === undefined ? actual['val'] === undefined : matches(payload, actual['val']);
}

function tagged(tag: string, payload: ListExpression | undefined): unknown {
  return payload === undefined ? { tag } : { tag, val: valueOf(payload) };
}

interface Form {
  readonly form: string;
  readonly parts: readonly Expression[];
}

function formOf({ parts: [head, ...parts] }: ListExpression): Form {
  return { form: wordOf(head), parts };
}

/** `(variant.const "a" (u32.const 1))`, or with the brackets of the payload left out. */
function payloadOf(parts: readonly Expression[]): ListExpression | undefined {
  if (parts.length === 0) return undefined;
  const [only] = parts;
  if (parts.length === 1 && only?.kind === 'list') return only;
  return { kind: 'list', parts, line: 0, text: '' };
}

/** `(field "name" str.const "a")` */
function fieldsOf(parts: readonly Expression[]): readonly (readonly [name: string, value: ListExpression])[] {
  return listsIn(parts).map(({ parts: [, name, ...value] }) => [textOf(name), needed(payloadOf(value))]);
}

function listsIn(parts: readonly Expression[]): readonly ListExpression[] {
  return parts.filter((part) => part.kind === 'list');
}

function needed(expression: ListExpression | undefined): ListExpression {
  if (!expression) throw new SyntaxError('a value is missing');
  return expression;
}

function integerOf(word: string): bigint {
  const digits = word.replaceAll('_', '');
  return digits.startsWith('-') ? -BigInt(digits.slice(1)) : BigInt(digits.replace(/^\+/, ''));
}

function floatOf(word: string): number {
  const [, sign = '', rest = ''] = /^([+-]?)(.*)$/.exec(word.replaceAll('_', '')) ?? [];
  const magnitude = rest.startsWith('nan') ? Number.NaN : rest === 'inf' ? Infinity : hexFloatOf(rest);
  return sign === '-' ? -magnitude : magnitude;
}

/** `0x1.8p+3`, and all that JavaScript reads itself. */
function hexFloatOf(text: string): number {
  const [, whole, fraction = '', exponent = '0'] =
    /^0x([0-9a-f]+)\.?([0-9a-f]*)(?:p([+-]?\d+))?$/i.exec(text) ?? [];
  if (whole === undefined) return Number(text);
  return Number(`0x${whole}${fraction}`) * 2 ** (Number(exponent) - 4 * fraction.length);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function wordOf(expression: Expression | undefined): string {
  return expression?.kind === 'word' ? expression.word : '';
}

function textOf(expression: Expression | undefined): string {
  return expression?.kind === 'string' ? Buffer.from(expression.bytes).toString() : '';
}
