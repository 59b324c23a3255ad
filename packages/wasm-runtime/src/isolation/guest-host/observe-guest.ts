import type { OutputSink } from '../../preview1/preview1.ts';
import { maxDiagnosticLength } from '../diagnostics.ts';
import {
  type Assignment,
  type DiagnosticKind,
  type GuestEnd,
  type HostMessage,
  maxPartLength,
} from '../wire/messages.ts';
import type { Wire } from '../wire/wire.ts';
import { type CpuProfile, startCpuProfile } from './cpu-profile.ts';
import { describeGuest } from './describe-guest.ts';
import { type CallObserver, createCallObserver } from './observe-calls.ts';

/** What is found out about a guest for those who have asked for it. */
export interface GuestObservation {
  /** Looks on while it calls; absent where nobody wants to know. */
  readonly calls: CallObserver | undefined;
  /** It begins to run. Throws {@link RuntimeError} where it cannot be profiled. */
  begin(): void;
  /** It has ended: tells what has been asked for, and returns that end. */
  tell(end: GuestEnd, exports: WebAssembly.Exports): GuestEnd;
}

export interface ObservationInput {
  readonly assignment: Pick<Assignment, 'name' | 'diagnostics' | 'waiting'>;
  readonly wire: Wire<HostMessage>;
  readonly stderr: OutputSink;
  readonly memory: () => WebAssembly.Memory | undefined;
}

export function observeGuest({ assignment, wire, stderr, memory }: ObservationInput): GuestObservation {
  const { name, diagnostics, waiting } = assignment;
  const { trace, profile, report } = diagnostics;
  const calls =
    trace || report ? createCallObserver({ trace: trace ? stderr : undefined, memory, waiting }) : undefined;
  let cpuProfile: CpuProfile | undefined;

  const send = (kind: DiagnosticKind, text: string): void => {
    if (text.length > maxDiagnosticLength) return;
    for (let at = 0; at < text.length; at += maxPartLength) {
      wire.send({ tag: 'diagnostic', kind, part: text.slice(at, at + maxPartLength) });
    }
  };
  return {
    calls,
    begin() {
      if (profile) cpuProfile = startCpuProfile();
    },
    tell(end, exports) {
      if (cpuProfile) send('profile', cpuProfile.finish());
      if (report)
        send('report', describeGuest({ name, end, exports, hostCalls: calls?.counts ?? new Map() }));
      return end;
    },
  };
}
