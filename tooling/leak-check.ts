import { readdirSync, readlinkSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';

// Every test file must leave its process as it found it: no socket, server, child, worker, timer or file
// descriptor more than before. What closes asynchronously gets a moment to do so.
const settleMs = 3_000;
const watched = [
  'TCPSocketWrap',
  'TCPServerWrap',
  'PipeWrap',
  'PipeServerWrap',
  'ProcessWrap',
  'Worker',
  'Timeout',
];

let before: { resources: Map<string, number>; descriptors: Set<string> };

beforeAll(() => {
  before = { resources: activeResources(), descriptors: openDescriptors() };
});

afterAll(async () => {
  const deadline = Date.now() + settleMs;
  let leaks = findLeaks();
  while (leaks.length > 0 && Date.now() < deadline) {
    await delay(25);
    leaks = findLeaks();
  }
  if (leaks.length > 0) throw new Error(`left behind by this test file: ${leaks.join(', ')}`);
});

function findLeaks(): string[] {
  const leaks: string[] = [];
  for (const [kind, count] of activeResources()) {
    const extra = count - (before.resources.get(kind) ?? 0);
    if (extra > 0) leaks.push(`${extra} × ${kind}`);
  }
  for (const descriptor of openDescriptors()) {
    if (!before.descriptors.has(descriptor)) leaks.push(`descriptor ${descriptor}`);
  }
  return leaks;
}

function activeResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (watched.includes(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/** Files and directories by path; sockets and pipes are counted as resources already. */
function openDescriptors(): Set<string> {
  const open = new Set<string>();
  if (process.platform !== 'linux') return open;
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      if (target.startsWith('/') && !target.startsWith('/dev/') && !target.startsWith('/proc/')) {
        open.add(`${fd} ${target}`);
      }
    } catch {
      // closed between readdir and readlink
    }
  }
  return open;
}
