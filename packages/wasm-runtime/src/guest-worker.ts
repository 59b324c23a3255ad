/**
 * Entry of a guest's thread: loads, runs one guest, exits. Not for import.
 *
 * @packageDocumentation
 */
import { constants, setPriority } from 'node:os';
import process from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';
import { loadHostModules } from './isolation/guest-host/host-modules.ts';
import { rehearse } from './isolation/guest-host/rehearse.ts';
import { serveGuest } from './isolation/guest-host/serve-guest.ts';
import { threadId } from './isolation/guest-host/thread-id.ts';
import type { WorkerStart } from './isolation/thread/port-messages.ts';
import { openPort } from './isolation/thread/port-wire.ts';

if (parentPort === null) throw new TypeError('this file is for worker threads');
// Of this thread alone, on Linux; elsewhere it would be the whole process.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
const { hostModules, rehearse: rehearses } = workerData as WorkerStart;
const thread = { id: threadId() };
const load = async () => {
  const loaded = await loadHostModules(hostModules);
  if (rehearses) await rehearse(loaded, thread);
  return loaded;
};
await serveGuest({ ...openPort(parentPort), loading: load(), thread });
process.exit(0);
