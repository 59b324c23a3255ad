/**
 * Entry of the guest host process that runs the guests of one group in threads: becomes their user, connects to its
 * daemon over descriptor 3, and serves until that is gone. Not for import.
 *
 * @packageDocumentation
 */
import { Socket } from 'node:net';
import process from 'node:process';
import { dropRights } from './isolation/guest-host/drop-rights.ts';
import { serveThreads } from './isolation/thread/serve-threads.ts';
import type { ThreadHostArgument } from './isolation/thread/thread-host.ts';

process.umask(0o022);
const { hostModules, group, user } = JSON.parse(process.argv[2] ?? '') as ThreadHostArgument;
process.title = `wasmlet guests ${group}`;
dropRights(user);
await serveThreads(new Socket({ fd: 3, readable: true, writable: true }), { hostModules });
process.exit(0);
