import type { EgressPolicy } from '@wasmlet/egress';
import type { RuntimeErrorCode } from '../../errors.ts';
import type { HostModuleUse } from '../../host.ts';
import type { CallCaps } from '../../system/call-caps.ts';
import type { PassOptions } from '../../passes/rewrite-module.ts';
import type {
  EntryArgument,
  GuestDiagnostics,
  GuestInputFile,
  GuestListener,
  GuestMount,
} from '../guest-spec.ts';
import type { TrapFrame, TrapKind } from '../guest.ts';
import { channels, type Channel } from './frames.ts';

/** What the daemon tells a guest host. */
export type DaemonMessage =
  | Assignment
  /** More bytes of a channel may be sent. */
  | { readonly tag: 'credit'; readonly channel: Channel; readonly bytes: number }
  /** stdin is at its end. */
  | { readonly tag: 'stdin-end' }
  /** What drives the guest is to come to an end. */
  | { readonly tag: 'stop' };

/** The guest of a place; the module's bytes follow on their channel, or when they are wanted. */
export interface Assignment {
  readonly tag: 'assign';
  readonly name: string;
  /** What its bytes are. */
  readonly format: 'module' | 'component';
  readonly moduleBytes: number;
  /** What is done to the module before it is compiled. */
  readonly passes: PassOptions;
  readonly args: readonly string[];
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly mounts: readonly GuestMount[];
  readonly listeners: readonly Required<GuestListener>[];
  /** Where a component's sockets may connect to; `null` for nowhere. */
  readonly egress: EgressPolicy | null;
  readonly stdin: 'none' | 'stream' | GuestInputFile;
  readonly tty: boolean;
  readonly output:
    | { readonly kind: 'stream' }
    | {
        readonly kind: 'cri-log';
        readonly directory: string;
        readonly file: string;
        readonly maxBytes: number;
      };
  readonly entry: string;
  readonly entryArguments: readonly EntryArgument[];
  readonly waiting: 'sync' | 'suspend';
  readonly maxDescriptors: number;
  readonly caps: CallCaps;
  /** What it may write; `null` for all that it likes. */
  readonly outputBytes: number | null;
  readonly hostModules: readonly HostModuleUse[];
  /** Which of them drives the guest; `null` for a guest whose entry is called. */
  readonly driver: HostModuleUse | null;
  readonly diagnostics: Required<GuestDiagnostics>;
  /** Module names of the guest's imports, as far as they are of a sane number and length. */
  readonly namespaces: readonly string[];
  readonly user: { readonly uid: number; readonly gid: number } | null;
}

/** What a guest host tells the daemon, which believes none of it unchecked. */
export type HostMessage =
  /** Loaded and waiting for an assignment. */
  | { readonly tag: 'ready' }
  /** The guest is linked and begins to run, in a thread of its process that the kernel knows by this number. */
  | { readonly tag: 'started'; readonly thread?: number }
  /** A place that shares modules has not got this one. */
  | { readonly tag: 'module-wanted' }
  | { readonly tag: 'failed'; readonly code: RuntimeErrorCode; readonly message: string }
  | { readonly tag: 'credit'; readonly channel: Channel; readonly bytes: number }
  /** The log file has reached its size. */
  | { readonly tag: 'rotate' }
  /** It has written what it may, and wants to write more: it waits for its end. */
  | { readonly tag: 'exceeded' }
  /** How often the guest has called its host by now. */
  | { readonly tag: 'calls'; readonly total: number }
  | { readonly tag: 'report'; readonly module: string; readonly report: unknown; readonly dropped: number }
  /** A part of a profile or report, in order; before the end. */
  | { readonly tag: 'diagnostic'; readonly kind: DiagnosticKind; readonly part: string }
  | { readonly tag: 'ended'; readonly end: GuestEnd; readonly calls: number };

export type DiagnosticKind = 'profile' | 'report';

/** Longest part, in characters: a frame holds it however much of it JSON escapes. */
export const maxPartLength = 128 * 1024;

export type GuestEnd =
  | { readonly kind: 'exited'; readonly code: number; readonly results?: readonly string[] }
  | {
      readonly kind: 'trapped';
      readonly trap: TrapKind;
      readonly message: string;
      readonly backtrace: readonly TrapFrame[];
      readonly memoryFull: boolean;
    };

const errorCodes: readonly RuntimeErrorCode[] = [
  'NOT_WASM',
  'INVALID_MODULE',
  'UNKNOWN_IMPORT',
  'CANNOT_LINK',
  'UNSUPPORTED_WASI',
  'NO_ENTRY',
  'INVALID_MOUNT',
  'CANNOT_LISTEN',
  'INVALID_SPEC',
  'HOST_MODULE',
  'HOST_FAILED',
];
const diagnosticKinds: readonly DiagnosticKind[] = ['profile', 'report'];
const trapKinds: readonly TrapKind[] = [
  'unreachable',
  'memory-out-of-bounds',
  'table-out-of-bounds',
  'indirect-call-mismatch',
  'integer-overflow',
  'integer-divide-by-zero',
  'stack-overflow',
  'other',
];

/** Longest text in a message, in characters: names in it are the guest's. */
export const maxTextLength = 8192;

/** Narrows a control frame of a guest host. Throws a `TypeError` for anything that is none. */
export function parseHostMessage(json: unknown): HostMessage {
  const message = record(json);
  switch (message['tag']) {
    case 'ready':
      return { tag: 'ready' };
    case 'started': {
      const { thread } = message;
      return { tag: 'started', ...(thread === undefined ? {} : { thread: count(thread) }) };
    }
    case 'module-wanted':
      return { tag: 'module-wanted' };
    case 'rotate':
      return { tag: 'rotate' };
    case 'calls':
      return { tag: 'calls', total: total(message['total']) };
    case 'exceeded':
      return { tag: 'exceeded' };
    case 'failed':
      return { tag: 'failed', code: oneOf(errorCodes, message['code']), message: text(message['message']) };
    case 'credit':
      return { tag: 'credit', channel: oneOf(channels, message['channel']), bytes: count(message['bytes']) };
    case 'report':
      return {
        tag: 'report',
        module: text(message['module']),
        report: message['report'],
        dropped: count(message['dropped']),
      };
    case 'diagnostic': {
      const { part } = message;
      if (typeof part !== 'string' || part.length > maxPartLength) throw new TypeError('no part');
      return { tag: 'diagnostic', kind: oneOf(diagnosticKinds, message['kind']), part };
    }
    case 'ended':
      return { tag: 'ended', end: parseEnd(record(message['end'])), calls: total(message['calls']) };
    default:
      throw new TypeError('an unknown message');
  }
}

function parseEnd(end: Readonly<Record<string, unknown>>): GuestEnd {
  if (end['kind'] === 'exited') {
    const { results } = end;
    const code = count(end['code']);
    return { kind: 'exited', code, ...(results === undefined ? {} : { results: parseResults(results) }) };
  }
  if (end['kind'] !== 'trapped') throw new TypeError('an unknown end of a guest');
  return {
    kind: 'trapped',
    trap: oneOf(trapKinds, end['trap']),
    message: text(end['message']),
    backtrace: parseBacktrace(end['backtrace']),
    memoryFull: end['memoryFull'] === true,
  };
}

/** Most that a function can give. */
export const maxResults = 1000;

function parseResults(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length > maxResults) throw new TypeError('no results');
  return value.map((item: unknown) => {
    if (typeof item !== 'string' || !/^[-+.\dA-Za-z]{1,32}$/.test(item)) throw new TypeError('no result');
    return item;
  });
}

/** Most functions that a backtrace shows. */
export const maxFrames = 20;

function parseBacktrace(value: unknown): readonly TrapFrame[] {
  if (!Array.isArray(value) || value.length > maxFrames) throw new TypeError('no backtrace');
  return value.map((item: unknown) => {
    const frame = record(item);
    return {
      ...(frame['name'] === undefined ? {} : { name: text(frame['name']) }),
      function: count(frame['function']),
      offset: count(frame['offset']),
      ...(frame['file'] === undefined ? {} : { file: text(frame['file']), line: count(frame['line']) }),
      ...(frame['column'] === undefined ? {} : { column: count(frame['column']) }),
    };
  });
}

/**
 * Narrows a control frame of the daemon. The daemon is trusted by its guest hosts, so an assignment is only
 * checked for its tag; anything else is a fault of this package and a `TypeError`.
 */
export function parseDaemonMessage(json: unknown): DaemonMessage {
  const message = record(json);
  switch (message['tag']) {
    case 'assign':
      return json as Assignment;
    case 'credit':
      return { tag: 'credit', channel: oneOf(channels, message['channel']), bytes: count(message['bytes']) };
    case 'stdin-end':
      return { tag: 'stdin-end' };
    case 'stop':
      return { tag: 'stop' };
    default:
      throw new TypeError('an unknown message');
  }
}

function record(json: unknown): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new TypeError('no object');
  return json as Readonly<Record<string, unknown>>;
}

function oneOf<T extends string>(allowed: readonly T[], value: unknown): T {
  const found = allowed.find((item) => item === value);
  if (found === undefined) throw new TypeError('an unknown word');
  return found;
}

function count(value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw new TypeError('no count');
  }
  return value;
}

function total(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new TypeError('no total');
  return value as number;
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('no text');
  return clip(value).replace(controls, '?');
}

/** What a terminal would obey; line ends and tabs may stay. */
const controls = /(?![\n\t])\p{Cc}/gu;

export function clip(value: string): string {
  return value.length > maxTextLength ? `${value.slice(0, maxTextLength)}…` : value;
}
