import type { GuestMount } from '../isolation/guest-spec.ts';
import { defaultModuleLimits } from '../passes/module-limits.ts';
import type { OutputSink } from '../preview1/preview1.ts';
import { createPreview2 } from '../preview2/preview2-host.ts';
import type { HostInterface } from './host-interface.ts';
import type { ComponentInstance } from './link/component-instance.ts';
import { linkComponent } from './link/link-component.ts';
import { planComponent } from './plan/plan-component.ts';

/** Options of {@link openComponent}. */
export interface OpenComponentOptions {
  /** @default none */
  readonly args?: readonly string[];
  /** @default none */
  readonly env?: readonly (readonly [name: string, value: string])[];
  /** @default none */
  readonly mounts?: readonly GuestMount[];
  /** @default what is written is dropped */
  readonly stdout?: OutputSink;
  /** @default what is written is dropped */
  readonly stderr?: OutputSink;
  /** What the component is linked with, given WASI's own interfaces. @default those */
  readonly hosts?: (wasi: readonly HostInterface[]) => readonly HostInterface[];
  /** How the component waits: `sync`: it never does, as no host function may answer later; `suspend`: by JSPI. */
  readonly waiting: 'sync' | 'suspend';
  /**
   * Whether an instance lives for many calls. If not, its memories are taken from a pool, and it can be reset, where its component allows
   * that. @default false
   */
  readonly longLived?: boolean;
  /** Handles that one component instance may have at once. */
  readonly maxHandles?: number;
  /** Cap on the memories of one instance, together; `null` for none. @default null */
  readonly memoryBytes?: number | null;
}

/** A component in this process, of which instances are made. They share its files and its output. */
export interface OpenComponent {
  /** Throws an error with the reason where it traps meanwhile. */
  instantiate(): ComponentInstance;
  /** Ends waits, and closes its files. */
  close(): void;
}

/**
 * Reads, checks, compiles and links a component, with WASI 0.2. For embedding: what a component may do to its process (memory,
 * processor time) is for the process to bound.
 *
 * Throws `RuntimeError`: `INVALID_MODULE`, `CANNOT_LINK`, `UNKNOWN_IMPORT`, `INVALID_MOUNT`, `INVALID_SPEC`.
 */
export function openComponent(bytes: Uint8Array, options: OpenComponentOptions): OpenComponent {
  const { args = [], env = [], mounts = [], stdout = drop, stderr = drop, hosts, waiting } = options;
  const { longLived = false, maxHandles } = options;
  const passes = {
    limits: defaultModuleLimits,
    memoryBytes: options.memoryBytes ?? null,
    garbageCollected: 'allowed',
    bulk: 'whole',
  } as const;
  const plan = planComponent(bytes, passes, longLived ? 'own' : 'pooled');
  const wasi = createPreview2({
    args,
    env,
    mounts,
    stdin: { kind: 'empty' },
    stdout,
    stderr,
    tty: false,
    waiting,
    maxDescriptors: 1_024,
  });
  try {
    const linked = linkComponent(plan, hosts?.(wasi.interfaces) ?? wasi.interfaces, {
      waiting,
      ...(longLived ? { longLived } : {}),
      ...(maxHandles === undefined ? {} : { maxHandles }),
    });
    return { instantiate: () => linked.instantiate(), close: () => wasi.close() };
  } catch (error) {
    wasi.close();
    throw error;
  }
}

const drop: OutputSink = { write() {} };
