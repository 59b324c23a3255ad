import type { Expression, ListExpression } from './read-expressions.ts';

/** One step of a script of WebAssembly's test suites, as far as it is about components. */
export type Directive =
  /** Makes it the one that is called from here on. */
  | { readonly kind: 'component'; readonly line: number; readonly source: ComponentSource }
  | {
      readonly kind: 'definition';
      readonly line: number;
      readonly name: string;
      readonly source: ComponentSource;
    }
  | { readonly kind: 'instance'; readonly line: number; readonly definition: string }
  | { readonly kind: 'invoke'; readonly line: number; readonly call: Call }
  | {
      readonly kind: 'assert_return';
      readonly line: number;
      readonly call: Call;
      readonly results: readonly ListExpression[];
    }
  | { readonly kind: 'assert_trap'; readonly line: number; readonly call: Call; readonly message: string }
  | {
      readonly kind: 'assert_uninstantiable' | 'assert_invalid' | 'assert_malformed' | 'assert_unlinkable';
      readonly line: number;
      readonly source: ComponentSource;
      readonly message: string;
    }
  /** About core modules alone, or of a form that is not known. */
  | { readonly kind: 'other'; readonly line: number; readonly what: string };

/** A component as a script has it. */
export type ComponentSource =
  | { readonly form: 'text'; readonly text: string }
  | { readonly form: 'binary'; readonly bytes: Uint8Array }
  /** Text that need not even be in the format's grammar. */
  | { readonly form: 'quote'; readonly text: string };

export interface Call {
  readonly name: string;
  readonly args: readonly ListExpression[];
}

export function readDirective(expression: ListExpression): Directive {
  const { line } = expression;
  const [head, ...rest] = expression.parts;
  const kind = wordOf(head);
  switch (kind) {
    case 'component':
      return readComponent(expression);
    case 'invoke':
      return { kind, line, call: readCall(expression) };
    case 'assert_return':
    case 'assert_trap': {
      const [subject, ...others] = rest;
      if (subject?.kind !== 'list') break;
      if (wordOf(subject.parts[0]) === 'component' && kind === 'assert_trap') {
        return {
          kind: 'assert_uninstantiable',
          line,
          source: readSource(subject),
          message: textOf(others[0]),
        };
      }
      if (wordOf(subject.parts[0]) !== 'invoke') break;
      const call = readCall(subject);
      if (kind === 'assert_trap') return { kind, line, call, message: textOf(others[0]) };
      return { kind, line, call, results: others.filter((one) => one.kind === 'list') };
    }
    case 'assert_invalid':
    case 'assert_malformed':
    case 'assert_unlinkable': {
      const [subject, message] = rest;
      if (subject?.kind !== 'list' || wordOf(subject.parts[0]) !== 'component') break;
      return { kind, line, source: readSource(subject), message: textOf(message) };
    }
  }
  return { kind: 'other', line, what: kind };
}

function readComponent(expression: ListExpression): Directive {
  const { line } = expression;
  const [, form, name, definition] = expression.parts;
  if (wordOf(form) === 'definition') {
    return { kind: 'definition', line, name: wordOf(name), source: readSource(expression) };
  }
  if (wordOf(form) === 'instance') return { kind: 'instance', line, definition: wordOf(definition) };
  return { kind: 'component', line, source: readSource(expression) };
}

/** `(component $name? definition? $name? (binary | quote)? …)` */
function readSource({ parts, text }: ListExpression): ComponentSource {
  const words = parts.slice(1, 4).map(wordOf);
  const form = words.find((word) => word === 'binary' || word === 'quote');
  if (form === undefined) {
    return { form: 'text', text: text.replace(/^\(component(\s+)definition\b/, '(component$1') };
  }
  const bytes = Buffer.concat(parts.flatMap((part) => (part.kind === 'string' ? [part.bytes] : [])));
  return form === 'binary' ? { form, bytes } : { form, text: `(component ${bytes.toString()})` };
}

function readCall({ parts }: ListExpression): Call {
  const name = parts.find((part) => part.kind === 'string');
  return { name: textOf(name), args: parts.filter((part) => part.kind === 'list') };
}

function wordOf(expression: Expression | undefined): string {
  return expression?.kind === 'word' ? expression.word : '';
}

function textOf(expression: Expression | undefined): string {
  return expression?.kind === 'string' ? Buffer.from(expression.bytes).toString() : '';
}
