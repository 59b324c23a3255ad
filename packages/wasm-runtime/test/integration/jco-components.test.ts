import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, expect, test } from 'vitest';
import { matchHosts } from '../../src/component/link/match-hosts.ts';
import { openComponent } from '../../src/component/open-component.ts';
import { planComponent } from '../../src/component/plan/plan-component.ts';
import { createRuntime } from '../../src/index.ts';
import { functionOf, passes } from '../fixtures/component/link-wat.ts';
import { finish, specOf } from '../fixtures/start-guest.ts';

// The components of WASI 0.2 that jco's tests have as binaries, from a checkout of https://github.com/bytecodealliance/jco
// that JCO_TESTSUITE names. What they expect is in jco's own tests.
const checkout = process.env['JCO_TESTSUITE'];
const whereThere = <T>(cases: readonly T[]): readonly T[] => (checkout === undefined ? [] : cases);
const read = (name: string): Uint8Array => readFileSync(join(checkout ?? '', 'packages', name));
const runtime = createRuntime();
afterAll(() => runtime[Symbol.asyncDispose]());

const components = whereThere(
  globSync('packages/*/test/fixtures/**/*.wasm', { cwd: checkout ?? '.' })
    .map((file) => file.replace(/^packages\//, ''))
    .filter((name) => !name.includes('/p3/') && read(name)[6] === 1)
    .toSorted(),
);

test('the components are there where JCO_TESTSUITE names a checkout', () => {
  expect(components.length).toBeGreaterThanOrEqual(checkout === undefined ? 0 : 52);
});

// Most want a host in JavaScript, of the test itself.
test.each(components)('%s can be linked, and lacks nothing but what its own test gives it', (name) => {
  const plan = planComponent(read(name), passes);
  expect(plan.unsupported).toEqual([]);
  const ofWasi = plan.imports.filter((one) => one.interface.startsWith('wasi:'));
  expect(() => matchHosts({ ...plan, imports: ofWasi }, wasiOf(read(name)))).not.toThrow();
});

test.each(
  whereThere([
    {
      name: 'components/utf8-utf16.composed.wasm',
      args: ['asdf中文🀄️⏰'],
      stdout: 'ret: asdf中文🀄️⏰asdf中文🀄️⏰\n',
    },
    { name: 'components/hello_stdout.component.wasm', args: [], stdout: 'writing to stdout: hello, world\n' },
    { name: 'components/stdout-pollable-hang.component.wasm', args: [], stdout: '' },
    {
      name: 'commands/dir.virt.wasm',
      args: ['/foo'],
      stdout: 'Listing directory: /foo\n - .\n - ..\n - foo\n',
    },
  ]),
)('$name runs', async ({ name, args, stdout }) => {
  const spec = await specOf(read(`jco/test/fixtures/${name}`), {
    args: [name, ...args],
    limits: { timeoutMs: 20_000 },
  });
  expect(await finish(await runtime.start(spec))).toMatchObject({
    exit: { kind: 'exited', code: 0 },
    stdout,
  });
});

test.each(whereThere(['env-allow']))('%s sees the environment that it is allowed to', (name) => {
  const component = openComponent(read(`jco/test/fixtures/components/${name}.composed.wasm`), {
    waiting: 'sync',
    env: [
      ['CUSTOM', 'VAL'],
      ['OTHER', 'VAL'],
    ],
  });
  expect(functionOf(component.instantiate(), 'test-get-env')()).toEqual([['CUSTOM', 'VAL']]);
  component.close();
});

test.each(whereThere(['stdio']))('%s hands streams from component to component', (name) => {
  const written: Buffer[] = [];
  const component = openComponent(read(`jco/test/fixtures/components/${name}.composed.wasm`), {
    waiting: 'sync',
    stdout: { write: (bytes) => void written.push(Buffer.from(bytes)) },
  });
  functionOf(component.instantiate(), 'test-stdio')();
  expect(Buffer.concat(written).toString()).toBe('Hello world\n');
  component.close();
});

/** The interfaces of WASI that a component would be linked with. */
function wasiOf(bytes: Uint8Array): Parameters<typeof matchHosts>[1] {
  let interfaces: Parameters<typeof matchHosts>[1] = [];
  try {
    openComponent(bytes, {
      waiting: 'suspend',
      hosts: (wasi) => {
        interfaces = [...wasi];
        return wasi;
      },
    }).close();
  } catch {
    // It lacks what its own test gives it.
  }
  return interfaces;
}
