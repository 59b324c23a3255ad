import { createPreview1 } from '../../preview1/preview1-host.ts';
import { defaultModuleLimits } from '../../passes/module-limits.ts';
import type { PassOptions } from '../../passes/rewrite-module.ts';
import { compileModule } from './compile-module.ts';
import { createExitSwitch } from './exit-switch.ts';
import { describeEnd } from './describe-end.ts';
import { linkGuest } from './link.ts';

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

/** As for a guest that may take as much memory again as it has. */
const passes: PassOptions = {
  limits: defaultModuleLimits,
  memoryBytes: 2 * 65_536,
  garbageCollected: 'allowed',
  bulk: 'whole',
};

/**
 * Runs a guest of our own before the real one is there, so that the code on its way has been parsed and run once: the
 * first guest of a process would be several times slower otherwise.
 */
export async function rehearse(): Promise<void> {
  for (const waiting of ['sync', 'suspend'] as const) {
    const exitSwitch = createExitSwitch();
    const sink = { write() {} };
    const preview1 = createPreview1({
      args: ['rehearsal'],
      env: [['A', 'b']],
      mounts: [],
      stdin: { kind: 'empty' },
      stdout: sink,
      stderr: sink,
      tty: false,
      waiting,
      maxDescriptors: 16,
      exit: (code) => exitSwitch.exit(code),
    });
    try {
      const { run } = linkGuest({
        module: compileModule(Buffer.from(line, 'base64'), passes),
        preview1,
        hostModules: { imports: new Map(), close: () => Promise.resolve() },
        exitSwitch,
        waiting,
        entry: '_start',
      });
      await run();
    } catch (error) {
      describeEnd(error, exitSwitch.used, { memoryFull: false });
    } finally {
      preview1.close();
    }
  }
}
