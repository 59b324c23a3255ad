import type { EgressDenial, EgressPolicy } from '@wasmlet/egress';
import type { HostInterface } from '../component/host-interface.ts';
import type { GuestMount } from '../isolation/guest-spec.ts';
import type { CallCaps } from '../system/call-caps.ts';
import type { InputSource, OutputSink } from '../preview1/preview1.ts';
import type { PassedListenerAt } from './socket-host.ts';

/** What a guest of WASI 0.2 sees, resolved; the isolation layer builds it inside the guest host. */
export interface Preview2Options {
  readonly args: readonly string[];
  readonly env: readonly (readonly [name: string, value: string])[];
  /** Opened at creation; a missing directory is an `INVALID_MOUNT` error. */
  readonly mounts: readonly GuestMount[];
  readonly stdin: InputSource;
  readonly stdout: OutputSink;
  readonly stderr: OutputSink;
  readonly tty: boolean;
  /** How the guest's waits are done, as its {@link GuestView} says. */
  readonly waiting: 'sync' | 'suspend';
  /** Files and directories that the guest may have open at once. */
  readonly maxDescriptors: number;
  /** Where it may connect to, and which names it may look up. @default nowhere, and none */
  readonly egress?: EgressPolicy;
  /** Is told of each connection that the policy does not allow, and of each name that it does not let be looked up. */
  readonly onDenied?: (denial: EgressDenial) => void;
  /** Sockets that listen, which the guest gets by binding to their ports. They need `waiting: 'suspend'`. */
  readonly listeners?: readonly PassedListenerAt[];
  /** Of those that are absent the defaults hold. */
  readonly caps?: Partial<CallCaps>;
}

/** The WASI 0.2 host of one guest. */
export interface Preview2 {
  readonly interfaces: readonly HostInterface[];
  /** Ends waits and closes all that the guest has open, but what its handles hold. Idempotent. */
  close(): void;
  /** Resolves when what the guest has sent over closed connections has gone, or cannot go. */
  settled(): Promise<void>;
}
