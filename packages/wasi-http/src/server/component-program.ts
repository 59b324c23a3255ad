import type { OpenComponent } from '@wasmlet/wasm-runtime/host';
import { HandlerError } from '../errors.ts';
import type { GuestInstance, GuestProgram } from './guest-program.ts';

/**
 * A component as a program whose instances serve HTTP.
 *
 * Starting one throws {@link HandlerError} `NO_HANDLER` when the component does not export `wasi:http/incoming-handler`.
 */
export function componentProgram(component: OpenComponent, waiting: GuestProgram['waiting']): GuestProgram {
  return { waiting, start: () => startInstance(component) };
}

function startInstance(component: OpenComponent): GuestInstance {
  const instance = component.instantiate();
  const handle = instance.coreExport('wasi:http/incoming-handler', 'handle');
  if (handle === undefined) {
    instance.close();
    throw new HandlerError(
      'NO_HANDLER',
      'the component does not export wasi:http/incoming-handler, so it is no server',
    );
  }
  return {
    handle,
    memoryBytes: instance.memoryBytes,
    stop: (reason) => instance.stop(reason),
    reset: () => instance.reset(),
    close: () => instance.close(),
  };
}
