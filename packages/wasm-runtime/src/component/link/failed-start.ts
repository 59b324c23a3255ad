import type { Ending, ExitSwitch } from '../../isolation/guest-host/exit-switch.ts';

/** What a component's core modules start with has ended it: there is no instance. */
export class FailedStart extends Error {
  override readonly name = 'FailedStart';
  /** The wasm trap, with its backtrace, or what else came out of it. */
  readonly trap: unknown;
  /** How it used its exit, if it did. */
  readonly ending: Ending | undefined;
  constructor(trap: unknown, { used }: ExitSwitch) {
    super(reasonOf(trap, used), { cause: trap });
    this.trap = trap;
    this.ending = used;
  }
}

function reasonOf(trap: unknown, ending: Ending | undefined): string {
  if (ending?.kind === 'exit')
    return `the component has exited with ${ending.code} before its start was over`;
  const reason = ending?.error ?? trap;
  return reason instanceof Error ? reason.message : 'uncaught exception';
}
