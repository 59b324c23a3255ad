import { duplexPair } from 'node:stream';
import { defaultModuleLimits } from '../../passes/module-limits.ts';
import { defaultCaps } from '../../system/call-caps.ts';
import type { Assignment, DaemonMessage, HostMessage } from '../wire/messages.ts';
import { openWire } from '../wire/wire.ts';
import type { LoadedHostModules } from './host-modules.ts';
import { type GuestThread, serveGuest } from './serve-guest.ts';

/**
 * A module that grows its memory, writes a line end to stdout and exits:
 *
 * ```wat
 * (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
 * (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
 * (memory (export "memory") 1)
 * (data (i32.const 0) "\08\00\00\00\01\00\00\00\0a")
 * (func (export "_start")
 *   (drop (memory.grow (i32.const 1)))
 *   (drop (call 0 (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
 *   (call 1 (i32.const 0)))
 * ```
 */
const line =
  'AGFzbQEAAAABEANgBH9/f38Bf2ABfwBgAAACRgIWd2FzaV9zbmFwc2hvdF9wcmV2aWV3MQhmZF93cml0ZQAAFndhc2lfc25hcHNob3RfcHJldmll' +
  'dzEJcHJvY19leGl0AAEDAgECBQMBAAEHEwIGbWVtb3J5AgAGX3N0YXJ0AAIKGAEWAEEBQAAaQQFBAEEBQRAQABpBABABCwsPAQBBAAsJCAAAAAEA' +
  'AAAK';

const module = Buffer.from(line, 'base64');

/** A guest that may take as much memory again as it has, as a pod's container is and as one with streams is. */
const assignments: readonly Assignment[] = (['sync', 'suspend'] as const).map((waiting) => ({
  tag: 'assign',
  name: 'rehearsal',
  format: 'module',
  moduleBytes: module.length,
  passes: {
    limits: defaultModuleLimits,
    memoryBytes: 2 * 65_536,
    garbageCollected: 'allowed',
    bulk: waiting === 'suspend' ? 'whole' : 'split',
  },
  args: ['rehearsal'],
  env: [['A', 'b']],
  mounts: [],
  listeners: [],
  egress: null,
  stdin: 'none',
  tty: false,
  output:
    waiting === 'suspend'
      ? { kind: 'stream' }
      : { kind: 'cri-log', directory: '/dev', file: 'null', maxBytes: 65_536 },
  entry: '_start',
  entryArguments: [],
  waiting,
  maxDescriptors: 16,
  caps: defaultCaps,
  outputBytes: null,
  hostModules: [],
  driver: null,
  diagnostics: { trace: false, profile: false, report: false },
  namespaces: ['wasi_snapshot_preview1'],
  user: null,
}));

/**
 * Serves guests of our own before the real one is there, so that the code on its way has been parsed and run once: the
 * first guest of a process would be several times slower otherwise. How they end does not matter.
 */
export async function rehearse(hostModules: LoadedHostModules, thread?: GuestThread): Promise<void> {
  for (const assignment of assignments) {
    const [daemon, host] = duplexPair();
    const wire = openWire<DaemonMessage>(daemon, {
      onFrame(frame) {
        if (frame.kind !== 'control' || (JSON.parse(frame.text) as HostMessage).tag !== 'ready') return;
        wire.send(assignment);
        void wire.sendData('module', module);
      },
      onClose() {},
    });
    daemon.once('end', () => daemon.end());
    await serveGuest({
      open: (events) => openWire(host, events),
      loading: Promise.resolve(hostModules),
      ...(thread && { thread }),
    });
    wire.destroy();
    host.destroy();
  }
}
