import { expect, test } from 'vitest';
import { processesUnder, untilGone } from './fixtures/process-tree.ts';
import { openScratchDirectory } from './fixtures/scratch-directory.ts';
import { startWasmlet } from './fixtures/wasmlet.ts';

test('the demo runs both example pods, and Ctrl-C ends it with 0 and no process left', async () => {
  await using home = await openScratchDirectory('demo');
  await using demo = startWasmlet(['demo'], { env: { PATH: process.env['PATH'], HOME: home.path } });
  await demo.stdout.find(/^hello-wasm: Hello, World!$/);
  await demo.stdout.find(/^pod hello-wasm +0\/1 +Completed +restarts 0$/);
  await demo.stdout.find(/^pod cat-facts +1\/1 +Running +restarts 0$/);
  await demo.stdout.find(/^cat-facts: \[.* INFO {2}rust_wasm\] Cat Fact: ./);
  const children = processesUnder(demo.pid).map(({ pid }) => pid);
  expect(children.length).toBeGreaterThan(0);
  demo.kill('SIGINT');
  expect(await demo.exited).toEqual({ code: 0, signal: null });
  expect(await untilGone(children, 2_000)).toEqual([]);
});
