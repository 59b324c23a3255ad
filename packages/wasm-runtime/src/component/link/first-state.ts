import { changesTables, WasmBinaryError } from '@wasmlet/wasm-binary';
import type { Linked } from './linked.ts';
import { imageOf, type MemoryImage, restoreMemory } from './memory-image.ts';
import { createParts } from './parts.ts';
import { giveBackCores, type StartedCores, startCores } from './start-cores.ts';

/** What instances of a linked component are before their first call, so that one can be put back to that. */
export interface FirstState {
  /** Makes what puts this instance back. It answers whether it could: a memory that has grown stays so. */
  restorer(cores: StartedCores): () => boolean;
}

/**
 * Finds it out, by an instance that is made for nothing else. Nothing where the component can change more than memories and globals,
 * and where it calls a host while it is made: what that answers another instance may be told otherwise.
 */
export function findFirstState(linked: Linked): FirstState | undefined {
  const { plan } = linked;
  if (!isResettable(linked) || plan.modules.some(({ reset }) => reset && mayChangeTables(reset.bytes))) {
    return undefined;
  }
  const parts = createParts(linked);
  for (const instance of parts.store.instances) instance.mayLeave = false; // Calls of hosts trap.
  let cores: StartedCores;
  try {
    cores = startCores(linked, parts);
  } catch {
    return undefined;
  }
  const images = cores.memories.map(({ memory }) => imageOf(memory));
  const values = globalsOf(linked, cores).map(({ value }): unknown => value);
  parts.close();
  giveBackCores(linked, cores);
  return {
    restorer(started) {
      const globals = globalsOf(linked, started);
      return () => {
        const isRestored = started.memories.every(({ memory }, index) =>
          restoreMemory(memory, images[index] as MemoryImage),
        );
        globals.forEach((global, index) => {
          global.value = values[index];
        });
        return isRestored;
      };
    },
  };
}

/** Whether all that its modules declare can be put back. */
export function isResettable({ plan }: Pick<Linked, 'plan'>): boolean {
  return plan.steps.every(({ module }) => plan.modules[module]?.reset !== undefined);
}

function mayChangeTables(bytes: Uint8Array): boolean {
  try {
    return changesTables(bytes);
  } catch (error) {
    if (error instanceof WasmBinaryError) return true;
    throw error;
  }
}

function globalsOf({ plan }: Linked, { exports }: StartedCores): readonly WebAssembly.Global[] {
  return plan.steps.flatMap(({ module, instance }) =>
    (plan.modules[module]?.reset?.globals ?? []).map(
      (name) => exports[instance]?.[name] as WebAssembly.Global,
    ),
  );
}
