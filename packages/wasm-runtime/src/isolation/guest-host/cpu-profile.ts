import v8 from 'node:v8';
import { RuntimeError } from '../../errors.ts';

/** Samples this thread until it is asked for what it has seen: JSON as devtools and speedscope open it. */
export interface CpuProfile {
  finish(): string;
}

/** Throws {@link RuntimeError} `INVALID_SPEC` where this Node.js cannot. */
export function startCpuProfile(): CpuProfile {
  if (typeof v8.startCpuProfile !== 'function') {
    throw new RuntimeError('INVALID_SPEC', `Node.js ${process.version} cannot make a CPU profile`);
  }
  const handle = v8.startCpuProfile();
  return { finish: () => handle.stop() ?? '' };
}
