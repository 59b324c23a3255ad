import type { PlaceEnd } from './guest-place.ts';
import type { GuestSpec } from './guest-spec.ts';
import type { GuestExit, GuestOutcome, KillReason } from './guest.ts';
import type { GuestEnd } from './wire/messages.ts';

/** Why the daemon ended a guest, and what people are told. */
export interface Kill {
  readonly reason: KillReason;
  readonly message: string;
}

export interface Ending {
  readonly spec: GuestSpec;
  /** What the guest host told before it went. */
  readonly end: GuestEnd | undefined;
  readonly kill: Kill | undefined;
  /** Whether the kernel has killed it because of its control group's memory. */
  readonly outOfMemory: boolean;
  readonly hostCalls: number;
  /** How its place went. */
  readonly place: PlaceEnd;
}

export function exitOf(ending: Ending): GuestExit {
  return { ...outcomeOf(ending), finishedAt: new Date(), hostCalls: ending.hostCalls };
}

/** What the guest host told before it went counts; then why it was killed; else it went by itself. */
function outcomeOf({ spec, end, kill, outOfMemory, place }: Ending): GuestOutcome {
  if (end?.kind === 'exited') return end;
  if (end?.kind === 'trapped') {
    const { trap, message, backtrace, memoryFull } = end;
    if (!memoryFull) return { kind: 'trapped', trap, message, backtrace };
    const full = `out of memory at its limit of ${spec.limits?.memoryBytes} bytes`;
    return { kind: 'killed', reason: 'memory', message: `${full}\n${message}` };
  }
  if (kill) return { kind: 'killed', ...kill };
  if (outOfMemory) return { kind: 'killed', reason: 'memory', message: groupMessage };
  if (place.heapFull) return { kind: 'killed', reason: 'memory', message: heapMessage };
  return { kind: 'killed', reason: 'host-closed', message: `the guest host ended: ${place.how}` };
}

const groupMessage = 'its process used more memory than its control group allows';
const heapMessage = 'its tables or garbage-collected objects filled its heap';
