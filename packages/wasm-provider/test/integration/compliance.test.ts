import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ComplianceGuest, type ComplianceSetup, providerCompliance } from '@wasmlet/kubelet/testing';
import wabt from 'wabt';
import { expect, test } from 'vitest';
import { createWasmProvider } from '../../src/index.ts';
import { examplePath } from '../fixtures/node.ts';

const printer = `fs/${examplePath('printer')}`;

function printing(...args: readonly string[]): ComplianceGuest {
  return { image: printer, args };
}

async function setUp(): Promise<ComplianceSetup> {
  const directory = await mkdtemp(join(tmpdir(), 'wasm-compliance-'));
  const provider = createWasmProvider({
    contentDirectory: join(directory, 'content'),
    version: '1.2.3',
    allowLocalModules: true,
  });
  const trap = join(directory, 'trap.wasm');
  await writeFile(trap, await assembleTrap());
  return {
    provider,
    directory,
    printer: { image: `fs/${examplePath('hello-wasm')}`, line: 'Hello, World!' },
    failing: { ...printing('exit', '3'), exitCode: 3 },
    lasting: printing('loop'),
    trapping: { image: `fs/${trap}` },
    environment: printing('env'),
    reading: (path) => printing('cat', path),
    writing: (path) => printing('write', path, 'from the guest'),
    absentImage: `fs/${directory}/nothing.wasm`,
    invalidImage: 'NOT A REFERENCE',
    async [Symbol.asyncDispose]() {
      await provider[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function assembleTrap(): Promise<Uint8Array> {
  const text = '(module (memory (export "memory") 1) (func (export "_start") unreachable))';
  const module = (await wabt()).parseWat('trap.wat', text);
  try {
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}
test.each(providerCompliance(setUp).map((one) => [one.name, one] as const))('%s', async (_name, one) => {
  await expect(one.run()).resolves.toBeUndefined();
});
