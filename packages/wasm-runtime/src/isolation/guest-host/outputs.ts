import { openCriLog } from '../../output/cri-log-file.ts';
import { limitOutputs } from '../../output/limited-output.ts';
import { createStreamOutput } from '../../output/stream-output.ts';
import type { OutputSink } from '../../preview1/preview1.ts';
import type { Channel } from '../wire/frames.ts';
import type { Assignment, HostMessage } from '../wire/messages.ts';
import type { Wire } from '../wire/wire.ts';

/** Where a guest's stdout and stderr go. */
export interface Outputs {
  readonly stdout: OutputSink;
  readonly stderr: OutputSink;
  credit(channel: Channel, bytes: number): void;
  close(): void;
}

/** To be called with the daemon's rights: a log's directory is not the guest's. */
export function openOutputs(assignment: Assignment, wire: Wire<HostMessage>): Outputs {
  const outputs = openSinks(assignment, wire);
  const { outputBytes, waiting } = assignment;
  if (outputBytes === null) return outputs;
  const onExceeded = (): Promise<never> => {
    wire.send({ tag: 'exceeded' });
    if (waiting === 'sync') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    return new Promise(() => {});
  };
  const { stdout, stderr } = outputs;
  return { ...outputs, ...limitOutputs({ stdout, stderr }, { maxBytes: outputBytes, onExceeded }) };
}

function openSinks({ output, user }: Assignment, wire: Wire<HostMessage>): Outputs {
  if (output.kind === 'stream') {
    const stdout = createStreamOutput('stdout', wire);
    const stderr = createStreamOutput('stderr', wire);
    return {
      stdout,
      stderr,
      credit(channel, bytes) {
        if (channel === 'stdout') stdout.credit(bytes);
        if (channel === 'stderr') stderr.credit(bytes);
      },
      close() {},
    };
  }
  const log = openCriLog({
    ...output,
    ...(user === null ? {} : { owner: user }),
    requestRotation: () => wire.send({ tag: 'rotate' }),
  });
  return {
    stdout: { write: (chunk) => log.write('stdout', chunk) },
    stderr: { write: (chunk) => log.write('stderr', chunk) },
    credit() {},
    close: () => log.close(),
  };
}
