import type { MessagePort } from 'node:worker_threads';
import type { CompiledProgram } from '../guest-host/program.ts';
import type { SharedPrograms } from '../guest-host/serve-guest.ts';
import { controlText } from '../wire/frames.ts';
import type { HostMessage } from '../wire/messages.ts';
import type { Wire, WireEvents } from '../wire/wire.ts';
import type { FromWorker, ToWorker } from './port-messages.ts';

export interface PortEnd {
  readonly open: (events: WireEvents) => Wire<HostMessage>;
  readonly programs: SharedPrograms;
}

/** A guest's thread's end of the port to the thread that serves it. */
export function openPort(port: MessagePort): PortEnd {
  const { promise: given, resolve: onGiven } = Promise.withResolvers<CompiledProgram>();
  const post = (message: FromWorker, transfer?: readonly ArrayBuffer[]): void =>
    port.postMessage(message, transfer ?? []);
  return {
    open({ onFrame }) {
      port.on('message', (message: ToWorker) => {
        if (message.kind === 'module') onGiven(message.module);
        else onFrame({ ...message, seat: 0 });
      });
      return {
        send: (message) => post({ kind: 'control', text: controlText(message) }),
        /** What is posted arrives, also when this thread is terminated. */
        sendData(channel, bytes) {
          // The guest's memory stays here, and its whole buffer would be posted.
          const copy = Uint8Array.from(bytes);
          post({ kind: 'data', channel, bytes: copy }, [copy.buffer]);
          return undefined;
        },
        end: () => Promise.resolve(),
        destroy: () => port.close(),
      };
    },
    programs: { given, share: (module) => post({ kind: 'compiled', module }) },
  };
}
