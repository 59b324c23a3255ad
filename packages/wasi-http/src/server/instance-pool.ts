import type { GuestInstance, GuestProgram } from './guest-program.ts';

/** Hands out instances: new ones, those that have been made like new, or used ones again. */
export interface InstancePool {
  take(): GuestInstance;
  /** An instance whose request has ended well. */
  giveBack(instance: GuestInstance): void;
  /** One that is not to be used again. */
  discard(instance: GuestInstance): void;
  /** Instances that were handed out and had answered nothing before. */
  readonly started: number;
  close(): void;
}

/** @param maxUses requests that one instance answers; 1: an instance for each request */
export function createInstancePool(program: GuestProgram, maxUses: number): InstancePool {
  const idle: GuestInstance[] = [];
  const hasRoom = ({ memoryBytes }: GuestInstance): boolean =>
    !isClosed && idle.length < mostIdle && (idle.length + 1) * memoryBytes <= mostIdleBytes;
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
      const ready = idle.pop();
      if (ready === undefined || maxUses === 1) started += 1;
      return ready ?? program.start();
    },
    giveBack(instance) {
      if (maxUses === 1) {
        if (hasRoom(instance) && instance.reset()) idle.push(instance);
        else instance.close();
        return;
      }
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

/** Kept for later, of those that are made like new. */
const mostIdle = 16;
const mostIdleBytes = 128 * 1024 * 1024;
