import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { ComponentError } from '../../../src/component/link/call-from-outside.ts';
import type { ComponentInstance } from '../../../src/component/link/component-instance.ts';
import { linkComponent } from '../../../src/component/link/link-component.ts';
import { planComponent } from '../../../src/component/plan/plan-component.ts';
import { RuntimeError } from '../../../src/errors.ts';
import { defaultModuleLimits } from '../../../src/passes/module-limits.ts';
import type { Call, ComponentSource, Directive } from './read-directive.ts';
import { createSuiteHost } from './suite-host.ts';
import { isSameTrap } from './trap-words.ts';
import { matches, valueOf } from './values.ts';

/** What came of one step of a script. */
export interface CaseOutcome {
  readonly line: number;
  readonly kind: Directive['kind'];
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Why it is not simply passed. */
  readonly detail?: string;
}

type Told = Omit<CaseOutcome, 'line' | 'kind'>;

/** Runs the steps of a script in turn, as its suite's own runner does, and tells what came of each. */
export async function* runScript(directives: readonly Directive[]): AsyncGenerator<CaseOutcome> {
  const script = createScript();
  for (const directive of directives) {
    const { line, kind } = directive;
    yield { line, kind, ...(await script.run(directive)) };
  }
}

/** Ends a step that cannot be taken here. */
class Skip extends Error {}

function createScript(): { run(directive: Directive): Promise<Told> } {
  const hosts = createSuiteHost();
  const definitions = new Map<string, ComponentSource>();
  let current: ComponentInstance | Skip | undefined;

  const instantiate = async (source: ComponentSource): Promise<void> => {
    current = new Skip('the component before it could not be made');
    try {
      current = linkComponent(await planOf(source), hosts).instantiate();
    } catch (error) {
      const skip = skipOf(error);
      if (skip) current = skip;
      throw skip ?? error;
    }
  };

  const call = ({ name, args }: Call): unknown => {
    if (!current) throw new Error('no component before it');
    if (current instanceof Skip) throw current;
    const { exports } = current;
    const found = exports[name];
    if (typeof found !== 'function') throw new Error(`there is no function ${name}`);
    try {
      return found(...args.map(valueOf));
    } catch (error) {
      // What a function answers that fails, in the form in which it is written.
      if (error instanceof ComponentError) return { tag: 'err', val: error.payload };
      throw error;
    }
  };

  const take = async (directive: Directive): Promise<Told> => {
    switch (directive.kind) {
      case 'component':
        await instantiate(directive.source);
        return passed;
      case 'definition':
        definitions.set(directive.name, directive.source);
        await planOf(directive.source);
        return passed;
      case 'instance': {
        const source = definitions.get(directive.definition);
        if (!source) return { outcome: 'failed', detail: `there is no component ${directive.definition}` };
        await instantiate(source);
        return passed;
      }
      case 'invoke':
        call(directive.call);
        return passed;
      case 'assert_return': {
        const answer = call(directive.call);
        const [expected] = directive.results;
        if (expected ? answersWith(expected, answer) : isNothing(answer)) return passed;
        return {
          outcome: 'failed',
          detail: `answered ${show(answer)}; ${expected?.text ?? 'nothing'} is right`,
        };
      }
      case 'assert_trap':
        return trapOf(() => call(directive.call), directive.message);
      case 'assert_uninstantiable':
        return trapOf(() => instantiate(directive.source), directive.message);
      case 'assert_invalid':
      case 'assert_malformed':
        return refusalOf(directive);
      case 'assert_unlinkable': {
        const plan = await planOf(directive.source);
        try {
          linkComponent(plan, hosts).instantiate();
        } catch (error) {
          if (error instanceof RuntimeError) return passed;
          throw error;
        }
        return { outcome: 'failed', detail: `linked, which should fail: ${directive.message}` };
      }
      case 'other':
        throw new Skip(`of core modules: ${directive.what}`);
    }
  };

  return {
    async run(directive) {
      try {
        return await take(directive);
      } catch (error) {
        const skip = skipOf(error);
        if (skip) return { outcome: 'skipped', detail: skip.message };
        return { outcome: 'failed', detail: String(error) };
      }
    },
  };
}

const passed: Told = { outcome: 'passed' };

async function planOf(source: ComponentSource): Promise<ReturnType<typeof planComponent>> {
  return planComponent(await bytesOf(source), {
    limits: defaultModuleLimits,
    memoryBytes: null,
    garbageCollected: 'allowed',
    bulk: 'whole',
  });
}

async function bytesOf(source: ComponentSource): Promise<Uint8Array> {
  if (source.form === 'binary') return source.bytes;
  try {
    return await parse(source.text);
  } catch (error) {
    throw new Skip(`text that the assembler refuses: ${firstLine(error)}`);
  }
}

/** A component that is to be refused. */
async function refusalOf({
  kind,
  source,
  message,
}: Extract<Directive, { readonly source: ComponentSource; readonly message: string }>): Promise<Told> {
  try {
    await planOf(source);
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    // Of a version that is not read: how the suite calls that is its own affair.
    if (error.code === 'INVALID_MODULE' || kind === 'assert_malformed') return passed;
    throw error;
  }
  return { outcome: 'failed', detail: `taken, which ${kind} forbids: ${message}` };
}

async function trapOf(call: () => unknown, message: string): Promise<Told> {
  try {
    const answer = await call();
    return { outcome: 'failed', detail: `answered ${show(answer)}, where it should trap: ${message}` };
  } catch (error) {
    if (skipOf(error) || error instanceof RuntimeError || error instanceof TypeError) throw error;
    const said = String(error);
    if (isSameTrap(message, said)) return passed;
    return { outcome: 'failed', detail: `trapped by “${said}” instead of “${message}”` };
  }
}

/** What the linker says it does not do. */
function skipOf(error: unknown): Skip | undefined {
  if (error instanceof Skip) return error;
  if (!(error instanceof RuntimeError)) return undefined;
  return error.code === 'CANNOT_LINK' || error.code === 'UNKNOWN_IMPORT'
    ? new Skip(error.message)
    : undefined;
}

/** A function that answers a result tells what is in it. */
function answersWith(expected: Parameters<typeof matches>[0], answer: unknown): boolean {
  if (matches(expected, answer)) return true;
  const [head, ...held] = expected.parts;
  if (head?.kind !== 'word' || head.word !== 'result.ok') return false;
  return matches(expected, held.length === 0 ? { tag: 'ok' } : { tag: 'ok', val: answer });
}

function isNothing(answer: unknown): boolean {
  return answer === undefined;
}

function show(answer: unknown): string {
  return (
    JSON.stringify(answer, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)) ??
    'nothing'
  );
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : JSON.stringify(error);
  return text.split('\n')[0] ?? '';
}
