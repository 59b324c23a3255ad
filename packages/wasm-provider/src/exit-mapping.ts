import type { ContainerExit } from '@wasmlet/kubelet/provider';
import type { GuestExit } from '@wasmlet/wasm-runtime';

/**
 * How the end of a guest reads in `containerStatuses[].state.terminated`: its own code, 134 for a trap (as an
 * aborted process), 137 for a kill, memory that ran out, more output than is allowed or an end that took longer than its grace, 143 for
 * a stop (as a process without a SIGTERM handler).
 */
export function containerExit(exit: GuestExit): ContainerExit {
  const { finishedAt } = exit;
  switch (exit.kind) {
    case 'exited': {
      const exitCode = exit.code & 0xff;
      return { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', finishedAt };
    }
    case 'trapped':
      return { exitCode: 134, reason: 'Error', message: exit.message, finishedAt };
    case 'killed':
      switch (exit.reason) {
        case 'stop':
          return { exitCode: 143, reason: 'Error', finishedAt };
        case 'memory':
          return { exitCode: 137, reason: 'OOMKilled', message: exit.message, finishedAt };
        case 'timeout':
        case 'output':
        case 'grace':
        case 'host-closed':
          return { exitCode: 137, reason: 'Error', message: exit.message, finishedAt };
      }
  }
}
