import type { EgressPolicy } from '@wasmlet/egress';
import type { HostModuleUse } from '../host.ts';

/** What one guest is given. Plain data: it travels to the guest host as it is. */
export interface GuestSpec {
  /** For messages and the process title. */
  readonly name: string;
  /** A core module, or a component that is a command. Verified by the caller; never read from a path by the guest host. */
  readonly module: Uint8Array;
  /** argv, program name included if the guest is to see one. */
  readonly args: readonly string[];
  /** In order; a repeated name is the caller's mistake and both are passed. */
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly mounts: readonly GuestMount[];
  /**
   * Listening TCP sockets, in order, as the descriptors after those of the directories (3 where there are none; a guest with mounts
   * but none at `/` or `.` has one more directory, `/`). @default none
   */
  readonly listeners?: readonly GuestListener[];
  /**
   * Where a component may connect to by its sockets, and which names it may look up. A component gets a listener by binding to its
   * port. @default nowhere, and none
   */
  readonly egress?: EgressPolicy;
  /** @default 'none': the guest reads end-of-file. `stream`: {@link Guest.stdin} feeds it. */
  readonly stdin?: 'none' | 'stream' | GuestInputFile;
  /** Whether stdio is shown to the guest as a terminal. @default false */
  readonly tty?: boolean;
  readonly output: GuestOutput;
  readonly limits?: GuestLimits;
  /** What is to be told of it beside its output. @default nothing */
  readonly diagnostics?: GuestDiagnostics;
  /** How it is kept apart from other guests. @default 'process' */
  readonly isolation?: Isolation;
  /** Further imports, by packages that implement the contract of `@wasmlet/wasm-runtime/host`. */
  readonly hostModules?: readonly HostModuleUse[];
  /** Exported function to call. @default '_start' */
  readonly entry?: string;
  /**
   * What it is called with: numbers as text, of the types that its parameters have, as `[['i32', '-7'], ['f64', 'NaN']]`. What it
   * gives is in {@link GuestExit}. @default nothing
   */
  readonly entryArguments?: readonly EntryArgument[];
}

/** A number for an entry function. */
export type EntryArgument = readonly [type: 'i32' | 'i64' | 'f32' | 'f64', value: string];

/** The ways in which guests can be kept apart. */
export const isolations = ['process', 'thread', 'in-process'] as const satisfies readonly Isolation[];

/**
 * How a guest is kept apart from others. `process`: in a process of its own. `thread`: in a thread of a process that it
 * shares with guests of the same {@link SandboxSpec.group}; one that brings the process down ends them as well.
 * `in-process`: in a thread of the application's own process, for trusted modules and for tests.
 */
export type Isolation = 'process' | 'thread' | 'in-process';

/** A directory that a guest may use, or a single file, which it finds by its path from `/`. */
export interface GuestMount {
  /** Absolute path of a directory or a regular file on this machine. */
  readonly hostPath: string;
  /**
   * Absolute path of a directory that the mount must not lead out of, for mounts on whose way somebody else may
   * put links: each name of `hostPath` below it is opened without following one. Links on the way to the root
   * itself are followed. @default none: links in `hostPath` are followed
   */
  readonly root?: string;
  /** Where the guest sees it; absolute, or `.` for its working directory. Mounts may lie below others, and cover what is there. */
  readonly guestPath: string;
  /** @default false */
  readonly readOnly?: boolean;
}

/** A socket that listens for a guest, which accepts connections by `sock_accept`. */
export interface GuestListener {
  /** Address of this machine. @default '127.0.0.1' */
  readonly host?: string;
  /** 1 to 65,535; in a thread one that the user of its group may listen on. */
  readonly port: number;
  /**
   * Whether `sock_accept` answers EAGAIN when nobody is there, as programs expect that wait by `poll_oneoff`, Go's for
   * instance. @default false: it waits
   */
  readonly nonblocking?: boolean;
}

/**
 * A regular file that a guest reads as its standard input. Opened with the application's rights; in a thread with those of
 * the user that the guests of its group run as.
 */
export interface GuestInputFile {
  /** Absolute path on this machine. */
  readonly file: string;
  /** See {@link GuestMount.root}. */
  readonly root?: string;
}

/** Where stdout and stderr go. */
export type GuestOutput =
  /** Written by the guest's own process into one file, in CRI log format. Nothing passes the daemon. */
  | {
      readonly kind: 'cri-log';
      readonly path: string;
      /** Rotate when the file would grow beyond this. @default 10 MiB */
      readonly maxBytes?: number;
      /** Files kept, the current one included. @default 5 */
      readonly maxFiles?: number;
    }
  /** {@link Guest.stdout} and {@link Guest.stderr}, with back-pressure to the guest. */
  | { readonly kind: 'stream' };

/** What is told of a guest for those who look for a fault. Each makes it slower. */
export interface GuestDiagnostics {
  /** Writes a line to the guest's stderr for each call of the host, as `strace` does. @default false */
  readonly trace?: boolean;
  /** Samples the guest's thread; see {@link Guest.profile}. @default false */
  readonly profile?: boolean;
  /** Tells what is left of the guest when it ends; see {@link Guest.report}. @default false */
  readonly report?: boolean;
}

/** What a guest may take. */
export interface GuestLimits {
  /**
   * Cap on linear memory, over all memories of the guest; rounded down to 64 KiB pages. Of isolation `process`, a control group
   * holds all of the process to this and 384 MiB, where one can be made.
   */
  readonly memoryBytes?: number;
  /** Wall time from start; then killed with reason `timeout`. */
  readonly timeoutMs?: number;
  /**
   * Wall time from when its bytes are sent until its entry function is called: to rewrite, compile and link it, and to run its
   * start section. Then `start` rejects with `INVALID_MODULE`. @default 60,000
   */
  readonly startTimeoutMs?: number;
  /** Bytes that it may write to stdout and stderr together; then killed with reason `output`. @default no limit */
  readonly outputBytes?: number;
  /**
   * Weight against others when the CPU is short, as control groups of version 1 count it: 1024 for a request of one core. By a control
   * group of its own for isolation `process`, where one can be made; else by the niceness of its process or, on Linux, its
   * thread. @default what others have
   */
  readonly cpuShares?: number;
  /**
   * Most CPU that it may use, in cores: 0.5 is half of one. Of isolation `process`, and where the application may make control
   * groups; elsewhere it is not held. @default no limit
   */
  readonly cpuQuota?: number;
  /** Open descriptors. @default 1024 */
  readonly maxDescriptors?: number;
  /** Names in a directory that can be listed; more are EOVERFLOW. @default 65,536 */
  readonly maxDirectoryEntries?: number;
  /** Random bytes of one call; more are EINVAL. @default 64 MiB */
  readonly maxRandomBytes?: number;
  /**
   * Bytes that the host holds for one call beside the guest's memory, to list a directory or to write to a log: writes are cut to
   * it, listings fail with ENOMEM. @default 16 MiB
   */
  readonly maxCallBytes?: number;
  /** Size of the module. @default 256 MiB */
  readonly maxModuleBytes?: number;
  /** Functions that the module may define. @default 250,000 */
  readonly maxFunctions?: number;
  /** Types that the module may define. @default 100,000 */
  readonly maxTypes?: number;
  /** Elements of all tables of the module together, as declared and as grown. @default 1,000,000 */
  readonly maxTableElements?: number;
}
