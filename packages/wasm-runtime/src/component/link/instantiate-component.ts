import { growthRefused } from '../../passes/own-exports.ts';
import type { ComponentInstance } from './component-instance.ts';
import { coreExportOf, describeExports } from './describe-exports.ts';
import type { Linked } from './linked.ts';
import { createParts } from './parts.ts';
import { giveBackCores, startCores } from './start-cores.ts';

/** Makes an instance of a linked component, by the steps of its plan. */
export function instantiateComponent(linked: Linked): ComponentInstance {
  const { plan } = linked;
  const parts = createParts(linked);
  const { store, callFromOutside } = parts;
  const cores = startCores(linked, parts);
  let restore: (() => boolean) | undefined;
  let isGivenBack = false;
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
    memoryBytes: linked.memoryBytes,
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
    reset() {
      if (store.ended || store.stopped || store.calls > 0 || store.exitSwitch.used) return false;
      restore ??= linked.firstState()?.restorer(cores);
      if (restore === undefined) return false;
      for (const { handles } of store.instances) handles.close();
      return restore();
    },
    close() {
      parts.close();
      // A call that still waits may go on.
      if (store.calls > 0 || isGivenBack) return;
      isGivenBack = true;
      giveBackCores(linked, cores);
    },
  };
}
