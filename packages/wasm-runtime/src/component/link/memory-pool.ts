import type { ComponentPlan, PooledMemory } from '../plan/component-plan.ts';

/**
 * Memories of instances that have ended, cleared and ready for the next ones: to make a memory takes the engine longer than all else
 * that an instance needs. Of one linked component, so that what was missed in one would stay in its own.
 */
export interface MemoryPool {
  /** A memory for a module of the plan: all zero, of its least size. */
  take(module: number): WebAssembly.Memory;
  /** Nothing may run any more that knows the memory. One that has grown is let go. */
  giveBack(module: number, memory: WebAssembly.Memory): void;
}

const pageBytes = 64 * 1024;
/** Kept for each module. */
const mostIdle = 16;
const mostIdleBytes = 32 * 1024 * 1024;

export function createMemoryPool({ modules }: ComponentPlan): MemoryPool {
  const idle = modules.map((): WebAssembly.Memory[] => []);
  return {
    take: (module) => idle[module]?.pop() ?? createMemory(modules[module]?.pooledMemory),
    giveBack(module, memory) {
      const kept = idle[module];
      const { minPages = 0 } = modules[module]?.pooledMemory ?? {};
      const size = minPages * pageBytes;
      if (kept === undefined || memory.buffer.byteLength !== size) return;
      if (kept.length >= mostIdle || (kept.length + 1) * size > mostIdleBytes) return;
      new Uint8Array(memory.buffer).fill(0);
      kept.push(memory);
    },
  };
}

function createMemory({ minPages, maxPages }: Partial<PooledMemory> = {}): WebAssembly.Memory {
  return new WebAssembly.Memory({
    initial: minPages ?? 0,
    ...(maxPages === undefined ? {} : { maximum: maxPages }),
  });
}
