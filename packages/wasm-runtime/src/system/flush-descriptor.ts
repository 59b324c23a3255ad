import { fdatasyncSync, fsyncSync } from 'node:fs';
import process from 'node:process';
import { SystemError } from './system-error.ts';

/**
 * Writes what is known of an open file, or its content alone, to the disk. Node's permission model refuses that for
 * descriptors ({@link fsyncSync} throws), in all versions, although it changes nothing; there it is asked of Node's
 * own WASI host, whose standard streams may be any descriptors.
 */
export function flushDescriptor(descriptor: number, what: 'all' | 'content'): void {
  if (process.permission === undefined) {
    if (what === 'all') fsyncSync(descriptor);
    else fdatasyncSync(descriptor);
    return;
  }
  // Loaded here: few guests need it, and guest hosts start without.
  const { WASI } = process.getBuiltinModule('node:wasi');
  const wasi = new WASI({ version: 'preview1', stdin: descriptor, stdout: descriptor, stderr: descriptor });
  wasi.initialize({ exports: { memory: noMemory } });
  const flush = wasi.wasiImport[what === 'all' ? 'fd_sync' : 'fd_datasync'] as (fd: number) => number;
  const failed = flush(0);
  if (failed !== 0) throw new SystemError(failed === invalid ? 'EINVAL' : 'EIO');
}

const noMemory = new WebAssembly.Memory({ initial: 0, maximum: 0 });
/** Of a file that cannot be flushed, a pipe for instance. */
const invalid = 28;
