import { describeEnd } from './describe-end.ts';

/** What ended a call of a guest, in wasmtime's words, with the wasm frames below. */
export function trapMessage(error: unknown): string {
  const end = describeEnd(error, undefined, { memoryFull: false });
  return end.kind === 'trapped' ? end.message : '';
}
