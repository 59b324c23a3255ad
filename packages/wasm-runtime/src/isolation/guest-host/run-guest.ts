import { RuntimeError } from '../../errors.ts';
import type { CallCount } from '../../preview1/call-count.ts';
import type { OutputSink, Preview1 } from '../../preview1/preview1.ts';
import type { Assignment, GuestEnd, HostMessage } from '../wire/messages.ts';
import type { Wire } from '../wire/wire.ts';
import { describeEnd } from './describe-end.ts';
import type { ExitSwitch } from './exit-switch.ts';
import type { LoadedHostModules, OpenHostModules } from './host-modules.ts';
import { isAtLimit } from './is-at-limit.ts';
import { type LinkedGuest, linkGuest } from './link.ts';
import { observeGuest } from './observe-guest.ts';
import { readArguments, showResults } from './entry-values.ts';
import { createReporter } from './reporter.ts';
import { within } from './within.ts';

export interface RunInput {
  readonly assignment: Assignment;
  readonly module: WebAssembly.Module;
  readonly wire: Wire<HostMessage>;
  readonly hostModules: LoadedHostModules;
  readonly preview1: Preview1;
  readonly exitSwitch: ExitSwitch;
  readonly calls: CallCount;
  readonly tellStarted: () => void;
  /** Where a trace of its calls goes. */
  readonly stderr: OutputSink;
}

/**
 * Links and runs the guest, and closes what it held. Throws {@link RuntimeError} when it could not
 * begin.
 */
export async function runGuest(input: RunInput): Promise<GuestEnd> {
  const { assignment, wire, preview1, exitSwitch } = input;
  const controller = new AbortController();
  const report = createReporter(wire);
  let linked: LinkedGuest | undefined;
  let opened: OpenHostModules | undefined;
  const observation = observeGuest({ assignment, wire, stderr: input.stderr, memory: () => linked?.memory });
  try {
    opened = input.hostModules.open(assignment.hostModules, {
      memory: () => linked?.memory,
      signal: controller.signal,
      report,
    });
    linked = linkGuest({
      module: input.module,
      preview1,
      hostModules: opened,
      exitSwitch,
      calls: input.calls,
      observer: observation.calls,
      waiting: assignment.waiting,
      entry: assignment.entry,
      entryArguments: readArguments(assignment.entryArguments),
    });
    observation.begin();
    input.tellStarted();
    const results = showResults(await linked.run());
    const end: GuestEnd = { kind: 'exited', code: 0, ...(results.length === 0 ? {} : { results }) };
    return observation.tell(end, linked.exports);
  } catch (error) {
    if (error instanceof RuntimeError) throw error;
    const end = describeEnd(error, exitSwitch.used, {
      memoryFull: isOutOfMemory(linked, assignment.passes.memoryBytes),
      module: input.module,
    });
    return observation.tell(end, linked?.exports ?? {});
  } finally {
    controller.abort();
    await within(opened?.close());
    preview1.close();
    await within(preview1.settled());
  }
}

/** It was refused what it asked for last, or is at its cap: one more growth step would not fit. */
function isOutOfMemory(linked: LinkedGuest | undefined, limit: number | null): boolean {
  if (linked === undefined || limit === null) return false;
  return linked.growthRefused() || isAtLimit(linked.memories, limit);
}
