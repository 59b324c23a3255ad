import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transpileBytes } from '@bytecodealliance/jco-transpile';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { layoutOf, type ValueType } from '@wasmlet/wasm-binary';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDice, randomType, randomValue } from '../fixtures/component/random-types.ts';
import { functionOf, linkedOf, memoryWat } from '../fixtures/component/link-wat.ts';
import { typeText } from '../fixtures/component/type-text.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wasmlet-layout-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Types in which nothing points elsewhere: their bytes in memory say all. */
function flatType(seed: number): ValueType {
  const dice = createDice(seed);
  const fields: { readonly name: string; readonly type: ValueType }[] = [];
  while (fields.length < 20) {
    const type = randomType(dice, 1 + dice(3));
    if (hasNoPointer(type)) fields.push({ name: `f${fields.length}`, type });
  }
  return { kind: 'record', fields };
}

function hasNoPointer(type: ValueType): boolean {
  return !/"(list|string)"/.test(JSON.stringify(type));
}

/** A component that answers the bytes in which it is given a value: those and their length lie behind the value. */
function dumping(type: ValueType): string {
  const { definitions, text } = typeText(type);
  const names = definitions.map(
    ({ name, text: of }) =>
      `(type $${name} ${of.replaceAll('$t', '$e')}) (export $e${name.slice(1)} "${name}" (type $${name}))`,
  );
  return `(component (component $dumping
    ${names.join('\n')}
    (core module $m ${memoryWat}
      (func (export "dump") (param i32) (result i32)
        (i32.store (i32.const 16) (local.get 0))
        (i32.store (i32.const 20) (i32.const ${layoutOf(type).size}))
        (i32.const 16)))
    (core instance $i (instantiate $m))
    (func (export "dump") (param "value" ${text.replaceAll('$t', '$e')}) (result (list u8))
      (canon lift (core func $i "dump") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
    (instance $dumping (instantiate $dumping))
    (export "test:layout/dumping" (instance $dumping)))`;
}

type Dump = (value: unknown) => Uint8Array;

async function dumpOfJco(wat: string, name: string): Promise<() => Dump> {
  const { files } = await transpileBytes(await parse(wat), {
    name,
    instantiation: 'sync',
  });
  const cores = new Map<string, WebAssembly.Module>();
  for (const [file, content] of Object.entries(files)) {
    if (file.endsWith('.wasm')) cores.set(file, new WebAssembly.Module(content));
    else if (file.endsWith('.js')) await writeFile(join(directory, `${name}.mjs`), content);
  }
  const { instantiate } = (await import(pathToFileURL(join(directory, `${name}.mjs`)).href)) as {
    instantiate: (
      core: (file: string) => WebAssembly.Module | undefined,
      imports: object,
    ) => { readonly dumping: { readonly dump: Dump } };
  };
  return () => instantiate((file) => cores.get(file), {}).dumping.dump;
}

test.each([1, 2, 3])('values lie in memory as jco puts them there: types of seed %i', async (seed) => {
  const type = flatType(seed);
  const wat = dumping(type);
  const linked = await linkedOf(wat);
  const peer = await dumpOfJco(wat, `layout${seed}`);
  const dice = createDice(seed);
  for (let left = 20; left > 0; left -= 1) {
    const value = randomValue(type, dice);
    // In memories that are new, what lies between values is zero.
    const ours = functionOf(linked.instantiate(), 'test:layout/dumping', 'dump')(value);
    expect(ours).toEqual(peer()(value));
  }
});
