import type { GuestInstance, GuestProgram } from './guest-program.ts';

/** Hands out instances: new ones, or used ones again. */
export interface InstancePool {
  take(): GuestInstance | Promise<GuestInstance>;
  /** An instance whose request has ended well. */
  giveBack(instance: GuestInstance): void;
  readonly started: number;
  close(): void;
}

/** @param maxUses requests that one instance answers; 1: an instance for each request */
export function createInstancePool(program: GuestProgram, maxUses: number): InstancePool {
  const idle: GuestInstance[] = [];
  const uses = new WeakMap<GuestInstance, number>();
  let started = 0;
  let isClosed = false;
  return {
    take() {
      const used = idle.pop();
      if (used !== undefined) return used;
      started += 1;
      return program.start();
    },
    giveBack(instance) {
      if (maxUses === 1) return instance.close();
      const count = (uses.get(instance) ?? 0) + 1;
      if (isClosed || count >= maxUses) return instance.close();
      uses.set(instance, count);
      idle.push(instance);
    },
    get started() {
      return started;
    },
    close() {
      isClosed = true;
      for (const instance of idle.splice(0)) instance.close();
    },
  };
}
