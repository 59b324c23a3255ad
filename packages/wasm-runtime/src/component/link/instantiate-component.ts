import { RuntimeError } from '../../errors.ts';
import { growthRefused } from '../../passes/own-exports.ts';
import type { ComponentInstance } from './component-instance.ts';
import { coreExportOf, describeExports } from './describe-exports.ts';
import type { Linked } from './linked.ts';
import { createParts } from './parts.ts';

/** Makes an instance of a linked component, by the steps of its plan. */
export function instantiateComponent(linked: Linked): ComponentInstance {
  const { plan } = linked;
  const { store, importOf, callFromOutside, close } = createParts(linked);
  const taken: { readonly module: number; readonly memory: WebAssembly.Memory }[] = [];
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
      taken.push({ module, memory });
      imports[pooled.module] = { ...imports[pooled.module], [pooled.name]: memory };
    }
    store.coreExports[instance] = instantiateModule(plan.modules[module]?.module, imports);
  });
  let exports: ComponentInstance['exports'] | undefined;
  return {
    get exports() {
      exports ??= describeExports(plan.exports, linked, callFromOutside);
      return exports;
    },
    coreExport: (of, name) => coreExportOf({ of, name }, linked, callFromOutside),
    get memories() {
      const found = new Set<WebAssembly.Memory>();
      for (const core of store.coreExports) {
        for (const value of Object.values(core ?? {}))
          if (value instanceof WebAssembly.Memory) found.add(value);
      }
      return [...found].toSorted((one, other) => other.buffer.byteLength - one.buffer.byteLength);
    },
    get growthRefused() {
      return store.coreExports.some((core) => core !== undefined && growthRefused(core));
    },
    get ending() {
      return store.exitSwitch.used;
    },
    get trap() {
      return store.trap;
    },
    stop(reason) {
      store.stopped ??= reason;
      for (const one of store.instances) one.mayLeave = false;
      for (const reject of store.waits) reject(store.stopped);
    },
    close() {
      close();
      // A call that still waits may go on.
      if (store.calls > 0) return;
      for (const { module, memory } of taken.splice(0)) linked.memories.giveBack(module, memory);
    },
  };
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
