import process from 'node:process';
import { hostCalls } from './host-calls.ts';
import { compute } from './compute.ts';
import { http } from './http.ts';
import { idleMemory } from './idle-memory.ts';
import { podLatency } from './pod-latency.ts';
import { registryTransfer } from './registry-transfer.ts';
import { startToFirstByte } from './start-to-first-byte.ts';

/** One command per figure: `pnpm bench start`, `memory`, `pods`, `transfer`, `calls`, `compute`, `http`; without a name, all of them. */
const figures: Readonly<Record<string, () => Promise<void>>> = {
  start: startToFirstByte,
  memory: idleMemory,
  compute,
  pods: podLatency,
  transfer: registryTransfer,
  calls: hostCalls,
  http,
};

const names = process.argv.slice(2).filter((name) => name !== '--');
for (const name of names.length > 0 ? names : Object.keys(figures)) {
  const figure = figures[name];
  if (!figure) {
    process.stderr.write(`no figure "${name}": there are ${Object.keys(figures).join(', ')}\n`);
    process.exitCode = 2;
    break;
  }
  await figure();
}
