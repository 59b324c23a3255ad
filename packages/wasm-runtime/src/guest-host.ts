/**
 * Entry of the guest host process: loads, connects to its daemon over descriptor 3, runs one guest, exits.
 * Not for import.
 *
 * @packageDocumentation
 */
import { Socket } from 'node:net';
import process from 'node:process';
import { loadHostModules } from './isolation/guest-host/host-modules.ts';
import { serveGuest } from './isolation/guest-host/serve-guest.ts';

const hostModules = await loadHostModules(JSON.parse(process.argv[2] ?? '[]') as readonly string[]);
await serveGuest(new Socket({ fd: 3, readable: true, writable: true }), hostModules);
process.exit(0);
