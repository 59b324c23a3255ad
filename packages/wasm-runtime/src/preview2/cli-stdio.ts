import type { CoreHostFunction, HostInterface, ResourceType } from '../component/host-interface.ts';
import { type InputSource, inputStream, type OutputSink, outputStream } from './io-resources.ts';
import { version } from './version.ts';

export interface StandardStreams {
  readonly stdin: InputSource;
  readonly stdout: OutputSink;
  readonly stderr: OutputSink;
  /** Whether they say that they are a terminal. */
  readonly tty: boolean;
}

const terminalInput: ResourceType<'terminal'> = { name: 'terminal-input' };
const terminalOutput: ResourceType<'terminal'> = { name: 'terminal-output' };

/** `wasi:cli/stdin`, `stdout`, `stderr`, and what tells whether they are a terminal. */
export function standardInterfaces({
  stdin,
  stdout,
  stderr,
  tty,
}: StandardStreams): readonly HostInterface[] {
  const streams: readonly HostInterface[] = [
    { name: 'wasi:cli/stdin', version, functions: { 'get-stdin': giving(inputStream, stdin) } },
    { name: 'wasi:cli/stdout', version, functions: { 'get-stdout': giving(outputStream, stdout) } },
    { name: 'wasi:cli/stderr', version, functions: { 'get-stderr': giving(outputStream, stderr) } },
  ];
  return [
    ...streams,
    {
      name: 'wasi:cli/terminal-input',
      version,
      functions: {},
      resources: { 'terminal-input': terminalInput },
    },
    {
      name: 'wasi:cli/terminal-output',
      version,
      functions: {},
      resources: { 'terminal-output': terminalOutput },
    },
    terminal('stdin', terminalInput, tty),
    terminal('stdout', terminalOutput, tty),
    terminal('stderr', terminalOutput, tty),
  ];
}

function giving<T>(type: ResourceType<T>, object: T): CoreHostFunction {
  return { type: '() -> (i32)', waits: false, bind: (guest) => () => guest.handles.insert(type, object) };
}

function terminal(stream: string, type: ResourceType<'terminal'>, tty: boolean): HostInterface {
  return {
    name: `wasi:cli/terminal-${stream}`,
    version,
    functions: {
      [`get-terminal-${stream}`]: {
        type: '(i32) -> ()',
        waits: false,
        bind: (guest) => (result: number) => {
          const handle = tty ? guest.handles.insert(type, 'terminal') : 0;
          const at = guest.check(result, 8, 4);
          guest.view().setUint8(at, tty ? 1 : 0);
          guest.view().setUint32(at + 4, handle, true);
        },
      },
    },
  };
}
