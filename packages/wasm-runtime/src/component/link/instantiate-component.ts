import { RuntimeError } from '../../errors.ts';
import { growthRefused } from '../../passes/own-exports.ts';
import type { Ending } from '../../isolation/guest-host/exit-switch.ts';
import type { CoreExport } from '../host-interface.ts';
import type { ComponentExports, ComponentInstance } from './component-instance.ts';
import { FailedStart } from './failed-start.ts';
import { coreExportOf, describeExports } from './describe-exports.ts';
import type { Linked } from './linked.ts';
import { createParts, type Parts } from './parts.ts';
import { giveBackCores, type StartedCores, startCores } from './start-cores.ts';

/** Makes an instance of a linked component, by the steps of its plan. */
export function instantiateComponent(linked: Linked): ComponentInstance {
  return new LinkedInstance(linked);
}

/** A class, since V8 makes a hidden class of its own for each object literal with accessors; instances are made for each call. */
class LinkedInstance implements ComponentInstance {
  readonly #linked: Linked;
  readonly #parts: Parts;
  readonly #cores: StartedCores;
  #restore: (() => boolean) | undefined;
  #isGivenBack = false;
  #exports: ComponentExports | undefined;

  constructor(linked: Linked) {
    this.#linked = linked;
    this.#parts = createParts(linked);
    try {
      this.#cores = startCores(linked, this.#parts);
    } catch (error) {
      this.#parts.close();
      throw error instanceof RuntimeError ? error : new FailedStart(error, this.#parts.store.exitSwitch);
    }
  }

  get exports(): ComponentExports {
    const { plan } = this.#linked;
    this.#exports ??= describeExports(plan.exports, this.#linked, this.#parts.callFromOutside);
    return this.#exports;
  }

  get memories(): readonly WebAssembly.Memory[] {
    const found = new Set<WebAssembly.Memory>();
    for (const core of this.#parts.store.coreExports) {
      for (const value of Object.values(core ?? {}))
        if (value instanceof WebAssembly.Memory) found.add(value);
    }
    return [...found].toSorted((one, other) => other.buffer.byteLength - one.buffer.byteLength);
  }

  get memoryBytes(): number {
    return this.#linked.memoryBytes;
  }

  get growthRefused(): boolean {
    return this.#parts.store.coreExports.some((core) => core !== undefined && growthRefused(core));
  }

  get ending(): Ending | undefined {
    return this.#parts.store.exitSwitch.used;
  }

  get trap(): unknown {
    return this.#parts.store.trap;
  }

  coreExport(of: string, name: string): CoreExport | undefined {
    return coreExportOf({ of, name }, this.#linked, this.#parts.callFromOutside);
  }

  stop(reason: Error): void {
    const { store } = this.#parts;
    store.stopped ??= reason;
    for (const one of store.instances) one.mayLeave = false;
    for (const reject of store.waits) reject(store.stopped);
  }

  reset(): boolean {
    const { store } = this.#parts;
    if (store.ended || store.stopped || store.calls > 0 || store.exitSwitch.used) return false;
    this.#restore ??= this.#linked.firstState()?.restorer(this.#cores);
    if (this.#restore === undefined) return false;
    for (const { handles } of store.instances) handles.close();
    return this.#restore();
  }

  close(): void {
    this.#parts.close();
    // A call that still waits may go on.
    if (this.#parts.store.calls > 0 || this.#isGivenBack) return;
    this.#isGivenBack = true;
    giveBackCores(this.#linked, this.#cores);
  }
}
