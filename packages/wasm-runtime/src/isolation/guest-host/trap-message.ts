import { FailedStart } from '../../component/link/failed-start.ts';
import { describeEnd } from './describe-end.ts';

/** What ended a call of a guest, in wasmtime's words, with the wasm frames below. */
export function trapMessage(error: unknown): string {
  const { trap, ending } = error instanceof FailedStart ? error : { trap: error, ending: undefined };
  const end = describeEnd(trap, ending, { memoryFull: false });
  return end.kind === 'trapped' ? end.message : '';
}
