import { RuntimeError } from '../../errors.ts';
import type { Linked } from './linked.ts';
import type { Parts } from './parts.ts';

/** The core instances of one instance. */
export interface StartedCores {
  /** By number of the plan. */
  readonly exports: readonly (WebAssembly.Exports | undefined)[];
  /** Those that were taken from the pool. */
  readonly memories: readonly { readonly module: number; readonly memory: WebAssembly.Memory }[];
}

/** Makes core instances by the steps of the plan, and runs what they start with. */
export function startCores(linked: Linked, { store, importOf }: Parts): StartedCores {
  const { plan } = linked;
  const memories: StartedCores['memories'][number][] = [];
  plan.steps.forEach(({ module, instance }, step) => {
    const imports: WebAssembly.Imports = {};
    for (const [namespace, group] of linked.imports[step] ?? []) {
      const functions: Record<string, WebAssembly.ImportValue> = {};
      for (const { name, source } of group) functions[name] = importOf(source);
      imports[namespace] = functions;
    }
    const pooled = plan.modules[module]?.pooledMemory;
    if (pooled) {
      const memory = linked.memories.take(module);
      memories.push({ module, memory });
      imports[pooled.module] = { ...imports[pooled.module], [pooled.name]: memory };
    }
    store.coreExports[instance] = instantiateModule(plan.modules[module]?.module, imports);
  });
  return { exports: store.coreExports, memories };
}

/** Lets other instances have the memories. Nothing may run any more that knows them. */
export function giveBackCores({ memories: pool }: Linked, { memories }: StartedCores): void {
  for (const { module, memory } of memories) pool.giveBack(module, memory);
}

function instantiateModule(
  module: WebAssembly.Module | undefined,
  imports: WebAssembly.Imports,
): WebAssembly.Exports {
  try {
    return new WebAssembly.Instance(module as WebAssembly.Module, imports).exports;
  } catch (cause) {
    if (cause instanceof WebAssembly.LinkError) {
      throw new RuntimeError('INVALID_MODULE', `the component cannot be linked: ${cause.message}`, { cause });
    }
    throw cause;
  }
}
