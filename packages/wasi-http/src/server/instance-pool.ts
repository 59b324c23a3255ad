import type { GuestInstance, GuestProgram } from './guest-program.ts';

/** Hands out instances: new ones, or used ones again. */
export interface InstancePool {
  take(): GuestInstance;
  /** An instance whose request has ended well. */
  giveBack(instance: GuestInstance): void;
  /** One that is not to be used again. */
  discard(instance: GuestInstance): void;
  readonly started: number;
  close(): void;
}

/** @param maxUses requests that one instance answers; 1: an instance for each request */
export function createInstancePool(program: GuestProgram, maxUses: number): InstancePool {
  const idle: GuestInstance[] = [];
  const uses = new Map<GuestInstance, number>();
  let started = 0;
  let isClosed = false;
  const discard = (instance: GuestInstance): void => {
    uses.delete(instance);
    instance.close();
  };
  return {
    discard,
    take() {
      const used = idle.pop();
      if (used !== undefined) return used;
      started += 1;
      return program.start();
    },
    giveBack(instance) {
      if (maxUses === 1) return instance.close();
      const count = (uses.get(instance) ?? 0) + 1;
      if (isClosed || count >= maxUses) return discard(instance);
      uses.set(instance, count);
      idle.push(instance);
    },
    get started() {
      return started;
    },
    close() {
      isClosed = true;
      for (const instance of idle.splice(0)) discard(instance);
    },
  };
}
