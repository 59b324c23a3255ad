// A component that serves in a guest host: `node tier-server.ts TIER KIND COMPONENT`. Prints its port.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { incomingHandler, incomingHandlerUrl, readServerReport } from '@wasmlet/wasi-http';
import { createRuntime, type Isolation } from '@wasmlet/wasm-runtime';

const [, , tier = 'process', kind = '', path = ''] = process.argv;
const scratch = await mkdtemp(join(tmpdir(), 'tier-server-'));
const runtime = createRuntime({
  hostModules: [incomingHandlerUrl],
  sandboxUsers: 'none',
  pool: { idle: 0 },
  threads: { idle: 0 },
});
const guest = await runtime.start({
  name: 'server',
  module: await readFile(path),
  args: ['server'],
  env: [],
  mounts: [],
  // As a pod has it: one whose output is streamed would be suspended at its calls.
  output: { kind: 'cri-log', path: join(scratch, 'log') },
  isolation: tier as Isolation,
  hostModules: [
    incomingHandler({
      port: 0,
      reuse: kind.includes('reused') ? Number.MAX_SAFE_INTEGER : 1,
      waiting: kind.includes('sync') ? 'sync' : 'suspend',
    }),
  ],
});
guest.onReport(({ report }) => {
  const told = readServerReport(report);
  if (told?.kind === 'http-serving') process.stdout.write(`${told.port}\n`);
});
process.once('SIGTERM', () => void end());

async function end(): Promise<void> {
  await guest.stop({ graceMs: 0 });
  await runtime[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true, force: true });
  process.exit();
}
