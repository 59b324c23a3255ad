import { hash } from 'node:crypto';
import { basename, dirname, isAbsolute } from 'node:path';
import { RuntimeError } from '../errors.ts';
import { defaultModuleLimits } from '../passes/module-limits.ts';
import type { PassOptions } from '../passes/rewrite-module.ts';
import { type CallCaps, defaultCaps } from '../system/call-caps.ts';
import type { GuestPlace } from './guest-place.ts';
import type { EntryArgument, GuestLimits, GuestListener, GuestOutput, GuestSpec } from './guest-spec.ts';
import { memoryUseOf } from './memory-use.ts';
import type { PreparedModule } from './prepare-module.ts';
import type { SandboxUser } from './sandbox-users.ts';
import type { Assignment } from './wire/messages.ts';

const defaultLogBytes = 10 * 1024 * 1024;
const defaultDescriptors = 1024;

export interface AssignmentInput {
  readonly spec: GuestSpec;
  readonly module: PreparedModule & { readonly kind: 'ready' };
  readonly user: SandboxUser | undefined;
  readonly place: Pick<GuestPlace, 'requestModule'>;
}

/** What a guest host is told of a spec, defaults filled in. */
export function assignmentOf({ spec, module, user, place }: AssignmentInput): Assignment {
  const namespaces = [...module.namespaces].filter(({ length }) => length <= maxNamespaceLength);
  return {
    tag: 'assign',
    name: spec.name,
    format: module.format,
    moduleBytes: module.bytes.length,
    passes: passOptionsOf(spec, place),
    args: spec.args,
    env: spec.env,
    mounts: spec.mounts,
    listeners: (spec.listeners ?? []).map(listenerOf),
    egress: spec.egress ?? null,
    stdin: spec.stdin ?? 'none',
    tty: spec.tty ?? false,
    output: outputOf(spec.output),
    entry: spec.entry ?? '_start',
    entryArguments: spec.entryArguments ?? [],
    waiting: waitingOf(spec, module),
    outputBytes: spec.limits?.outputBytes ?? null,
    maxDescriptors: spec.limits?.maxDescriptors ?? defaultDescriptors,
    caps: capsOf(spec.limits),
    hostModules: spec.hostModules ?? [],
    driver: module.driver ?? null,
    diagnostics: {
      trace: spec.diagnostics?.trace ?? false,
      profile: spec.diagnostics?.profile ?? false,
      report: spec.diagnostics?.report ?? false,
    },
    namespaces: namespaces.slice(0, maxNamespaces),
    user: user ?? null,
  };
}

/** The same for the same bytes, passes and use of memory, and for no others. */
export function moduleKeyOf({ spec, module, place }: AssignmentInput): string {
  const passes = passOptionsOf(spec, place);
  return `${hash('sha256', module.bytes, 'base64')} ${memoryUseOf(module.driver ?? null)} ${JSON.stringify(passes)}`;
}

function capsOf(limits: GuestLimits = {}): CallCaps {
  const { maxDirectoryEntries, maxRandomBytes, maxCallBytes } = limits;
  return {
    maxDirectoryEntries: maxDirectoryEntries ?? defaultCaps.maxDirectoryEntries,
    maxRandomBytes: maxRandomBytes ?? defaultCaps.maxRandomBytes,
    maxCallBytes: maxCallBytes ?? defaultCaps.maxCallBytes,
  };
}

function passOptionsOf({ limits = {} }: GuestSpec, place: AssignmentInput['place']): PassOptions {
  const shares = place.requestModule !== undefined;
  const { memoryBytes = null, maxModuleBytes, maxFunctions, maxTypes, maxTableElements } = limits;
  return {
    limits: {
      maxModuleBytes: maxModuleBytes ?? defaultModuleLimits.maxModuleBytes,
      maxFunctions: maxFunctions ?? defaultModuleLimits.maxFunctions,
      maxTypes: maxTypes ?? defaultModuleLimits.maxTypes,
      maxTableElements: maxTableElements ?? defaultModuleLimits.maxTableElements,
    },
    memoryBytes,
    // Whoever shares modules shares a process, whose heap is not only this guest's.
    garbageCollected: shares ? 'refused' : 'allowed',
    bulk: shares ? 'split' : 'whole',
  };
}

const maxNamespaces = 100;
const maxNamespaceLength = 200;

/** Throws {@link RuntimeError} `INVALID_SPEC` for what no guest can be given. */
export function checkSpec(spec: GuestSpec): void {
  const { name, output, listeners = [], limits = {}, entryArguments = [] } = spec;
  const refuse = (what: string): never => {
    throw new RuntimeError('INVALID_SPEC', `${name}: ${what}`);
  };
  for (const [limit, value] of Object.entries(limits) as [string, number | undefined][]) {
    if (value !== undefined && !(Number.isFinite(value) && value >= 0)) {
      refuse(`limits.${limit} is a number from 0, not ${value}`);
    }
  }
  for (const { port } of listeners) {
    if (!(Number.isInteger(port) && port >= 1 && port <= 65_535)) {
      refuse(`a listener's port is a number from 1 to 65,535, not ${port}`);
    }
  }
  for (const [type, value] of entryArguments) {
    if (!isNumberText(type, value))
      refuse(`"${value}" is no ${type}, which an argument of its function is to be`);
  }
  if (output.kind === 'cri-log') {
    if (!isAbsolute(output.path)) refuse(`the log's path must be absolute, not ${output.path}`);
    const { maxBytes = defaultLogBytes, maxFiles = 2 } = output;
    if (!(maxBytes > 0)) refuse(`output.maxBytes is a number above 0, not ${maxBytes}`);
    if (!(maxFiles >= 2)) refuse(`output.maxFiles is a number from 2, not ${maxFiles}`);
  }
}

const integerBits = { i32: 32n, i64: 64n };

/** Integers may be written with or without a sign, whatever their function takes them for. */
function isNumberText(type: EntryArgument[0], value: string): boolean {
  if (type === 'f32' || type === 'f64')
    return /^[-+]?(\d+\.?\d*(e[-+]?\d+)?|\.\d+|Infinity)$|^NaN$/i.test(value);
  if (!/^(-?\d{1,20}|0x[\da-f]{1,16})$/i.test(value)) return false;
  const [number, bits] = [BigInt(value), integerBits[type]];
  return number >= -(2n ** (bits - 1n)) && number < 2n ** bits;
}

function listenerOf({
  host = '127.0.0.1',
  port,
  nonblocking = false,
}: GuestListener): Required<GuestListener> {
  return { host, port, nonblocking };
}

function outputOf(output: GuestOutput): Assignment['output'] {
  if (output.kind === 'stream') return { kind: 'stream' };
  const { path, maxBytes = defaultLogBytes } = output;
  return { kind: 'cri-log', directory: dirname(path), file: basename(path), maxBytes };
}

/** Files, clocks and random wait in their own thread; what needs the event loop suspends the guest (JSPI). */
function waitingOf(
  { stdin, output, listeners = [] }: GuestSpec,
  { format, namespaces, driver }: AssignmentInput['module'],
): 'sync' | 'suspend' {
  const streams = output.kind === 'stream' || stdin === 'stream' || listeners.length > 0;
  if (driver !== undefined) return streams ? 'suspend' : (driver.drives?.waiting ?? 'suspend');
  const neverSuspends =
    format === 'module' ? /^wasi_(snapshot_preview1|unstable)$/ : /^wasi:(?!sockets|http)/;
  const wasiOnly = [...namespaces].every((name) => neverSuspends.test(name));
  return wasiOnly && !streams ? 'sync' : 'suspend';
}
