/**
 * Entry of the guest host process: loads, connects to its daemon over descriptor 3, runs one guest, exits.
 * Not for import.
 *
 * @packageDocumentation
 */
import { Socket } from 'node:net';
import process from 'node:process';
import { loadHostModules } from './isolation/guest-host/host-modules.ts';
import { rehearse } from './isolation/guest-host/rehearse.ts';
import { serveGuest } from './isolation/guest-host/serve-guest.ts';
import { openWire } from './isolation/wire/wire.ts';

interface Arguments {
  readonly hostModules: readonly string[];
  /** There is time to get fast before the first guest comes. */
  readonly rehearse: boolean;
}

// The guest's files are not to depend on how the daemon was started.
process.umask(0o022);
const { hostModules, rehearse: rehearses } = JSON.parse(process.argv[2] ?? '') as Arguments;
const load = async () => {
  const loaded = await loadHostModules(hostModules);
  if (rehearses) await rehearse(loaded);
  return loaded;
};
await serveGuest({
  open: (events) => openWire(new Socket({ fd: 3, readable: true, writable: true }), events),
  loading: load(),
});
process.exit(0);
