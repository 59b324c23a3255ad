import process from 'node:process';
import { RuntimeError } from '../../errors.ts';

/** Samples this thread until it is asked for what it has seen: JSON as devtools and speedscope open it. */
export interface CpuProfile {
  finish(): string;
}

/** Throws {@link RuntimeError} `INVALID_SPEC` where this Node.js cannot. */
export function startCpuProfile(): CpuProfile {
  // Loaded when it is needed: it costs an idle process memory.
  const v8 = process.getBuiltinModule('node:v8');
  if (typeof v8.startCpuProfile !== 'function') {
    throw new RuntimeError('INVALID_SPEC', `Node.js ${process.version} cannot make a CPU profile`);
  }
  const handle = v8.startCpuProfile();
  return { finish: () => handle.stop() ?? '' };
}
