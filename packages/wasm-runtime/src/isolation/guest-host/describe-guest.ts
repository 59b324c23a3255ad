import type { GuestEnd } from '../wire/messages.ts';

/** What is left of a guest when it has ended, for those who look for the reason. */
export interface GuestRemains {
  readonly name: string;
  readonly end: GuestEnd;
  readonly exports: WebAssembly.Exports;
  readonly hostCalls: ReadonlyMap<string, number>;
}

const maxListed = 1_000;

/** A report as JSON: how it ended, sizes of the memories and tables that it exports, values of its globals, and what it called. */
export function describeGuest({ name, end, exports, hostCalls }: GuestRemains): string {
  const memories: Record<string, { bytes: number }> = {};
  const tables: Record<string, { elements: number }> = {};
  const globals: Record<string, string> = {};
  for (const [key, value] of Object.entries(exports).slice(0, maxListed)) {
    if (value instanceof WebAssembly.Memory) memories[key] = { bytes: value.buffer.byteLength };
    else if (value instanceof WebAssembly.Table) tables[key] = { elements: value.length };
    else if (value instanceof WebAssembly.Global) globals[key] = String(value.value);
  }
  return JSON.stringify(
    { version: 1, name, end, memories, tables, globals, hostCalls: Object.fromEntries(hostCalls) },
    null,
    2,
  );
}
