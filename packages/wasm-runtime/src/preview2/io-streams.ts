import type { HostInterface } from '../component/host-interface.ts';
import type { GuestState } from './guest-state.ts';
import { inputFunctions } from './input-functions.ts';
import { inputStream, outputStream } from './io-resources.ts';
import { outputFunctions } from './output-functions.ts';
import { spliceFunctions } from './splice-functions.ts';
import { version } from './version.ts';

/** `wasi:io/streams`, for all streams that hosts give to a guest. */
export function streamsInterface(state: GuestState): HostInterface {
  return {
    name: 'wasi:io/streams',
    version,
    resources: { 'input-stream': inputStream, 'output-stream': outputStream },
    functions: { ...inputFunctions(state), ...outputFunctions(state), ...spliceFunctions(state) },
  };
}
