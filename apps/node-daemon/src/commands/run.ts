import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import type { Guest, GuestExit } from '@wasmlet/wasm-runtime';
import { argumentsOf } from '../local/invocation.ts';
import { parseEnv, parseInteger } from '../config/values.ts';
import { exitCodeOf, Interrupted, untilInterrupted } from '../daemon/signals.ts';
import { describeDenial } from '../local/egress-denial.ts';
import { collect, hostOf, parseDirectory, parseIsolation, parseLimits } from '../local/guest-options.ts';
import type { ModuleBytes } from '../local/module-source.ts';
import { addRegistryOptions, type RegistryFlags } from './registry-options.ts';
import type { Finish, Terminal } from './terminal.ts';

interface RunFlags extends RegistryFlags {
  readonly allowedHost: readonly string[];
  readonly concurrency?: string;
  readonly env: readonly string[];
  readonly dir: readonly string[];
  readonly invoke?: string;
  readonly argv0?: string;
  readonly isolation: string;
  readonly W: readonly string[];
  readonly profile?: string;
  readonly trace?: boolean;
}

/** `wasmlet run`: one module in the foreground, as `wasmtime` and `wasmtime-http` run it. */
export function runCommand(terminal: Terminal, finish: Finish): Command {
  return addRegistryOptions(
    new Command('run')
      .description('run a module from a file or a registry')
      .argument('<module>', 'file, or reference in a registry')
      .argument('[args...]', "the guest's arguments; write -- before those that begin with a dash")
      .option('-a, --allowed-host <url>', 'URL whose host the guest may contact (repeatable)', collect, [])
      .option('-c, --concurrency <n>', 'most responses that the guest may hold open at once')
      .option('-e, --env <NAME=VALUE>', 'environment variable (repeatable)', collect, [])
      .option('--dir <HOST[::GUEST[::ro]]>', 'directory that the guest may use (repeatable)', collect, [])
      .option('-i, --invoke <function>', 'exported function to call, with numbers as its arguments', '_start')
      .option('--argv0 <name>', 'program name that the guest sees')
      .option('--isolation <tier>', 'how the guest is kept apart: process, thread', 'process')
      .option('--profile <file>', 'write a CPU profile of the guest that devtools and speedscope open')
      .option('--trace', 'write a line to stderr for each call that the guest makes of its host')
      .option(
        '-W <option=value>',
        'max-memory-size=SIZE, max-table-elements=N, timeout=DURATION (repeatable)',
        collect,
        [],
      ),
  )
    .addHelpText(
      'after',
      "\nExit status: the guest's own; 134 it trapped, 137 it was killed or ran out of memory, 143 it was\nstopped, 141 nobody reads its output, 130 Ctrl-C, 124 timeout, 125 wasmlet itself failed.",
    )
    .action(async (module: string, args: readonly string[], flags: RunFlags) => {
      finish(await run(terminal, module, args, flags));
    });
}

async function run(
  terminal: Terminal,
  module: string,
  args: readonly string[],
  flags: RunFlags,
): Promise<number> {
  const isolation = parseIsolation(flags.isolation);
  const [{ createRuntime }, wasiHttp, { readModule }] = await Promise.all([
    import('@wasmlet/wasm-runtime'),
    import('@wasmlet/wasi-http'),
    import('../local/module-source.ts'),
  ]);
  using interruption = untilInterrupted();
  const { signal } = interruption;
  const source: ModuleBytes = await readModule(terminal, module, {
    flags,
    signal,
  });
  // Whoever types the command is the operator: a host that they name may be a private one.
  const allowedHosts = flags.allowedHost.map(hostOf);
  const limits =
    flags.concurrency === undefined
      ? {}
      : { maxConcurrentRequests: parseInteger('--concurrency', flags.concurrency) };
  const hostModules = [
    wasiHttp.experimentalHttp({ allowedDomains: flags.allowedHost, grants: allowedHosts, ...limits }),
    wasiHttp.outgoingHttp({ allowedHosts, grants: allowedHosts, ...limits }),
  ];
  const call = argumentsOf(source, flags.invoke, args);
  const mounts = flags.dir.map(parseDirectory);
  await using runtime = createRuntime({
    hostModules: hostModules.map(({ url }) => url),
    pool: { idle: 0 },
    threads: { idle: 0 },
    // Another user could not enter what root gives to its guest.
    ...(mounts.length > 0 ? { sandboxUsers: 'none' as const } : {}),
  });
  const guest = await runtime.start(
    {
      name: source.name,
      module: source.bytes,
      args: [flags.argv0 ?? source.name, ...(call === undefined ? args : [])],
      env: flags.env.map((entry) => parseEnv(entry, terminal.env)),
      mounts,
      stdin: 'stream',
      tty: terminal.stdin.isTTY === true && terminal.stdout.isTTY === true,
      output: { kind: 'stream' },
      isolation,
      limits: parseLimits(flags.W),
      hostModules,
      egress: { allowedHosts, grants: allowedHosts },
      diagnostics: { trace: flags.trace ?? false, profile: flags.profile !== undefined },
      ...(flags.invoke === undefined ? {} : { entry: flags.invoke }),
      ...(call === undefined ? {} : { entryArguments: call }),
    },
    { signal },
  );
  const stop = (): void => void guest.stop({ graceMs: 0 });
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  guest.onReport(({ report }) => {
    const denial = describeDenial(report);
    if (denial !== undefined) terminal.stderr.write(`wasmlet: ${denial}\n`);
  });
  const { exit, unread } = await connect(terminal, guest);
  if (flags.profile !== undefined) await writeProfile(terminal, flags.profile, await guest.profile);
  return unread ? brokenPipe : exitStatus(terminal, exit, signal);
}

async function writeProfile(terminal: Terminal, file: string, profile: string | undefined): Promise<void> {
  if (profile !== undefined) await writeFile(file, profile);
  else terminal.stderr.write(`wasmlet: no profile in ${file}: the guest was ended before it could be made\n`);
}

/** 128 + SIGPIPE, as shells report it of a program whose output nobody reads any more. */
const brokenPipe = 141;

interface Connection {
  readonly exit: GuestExit;
  /** The reader of the output went away first, and the guest was stopped. */
  readonly unread: boolean;
}

/** Joins the guest's streams to the terminal's until the guest has ended and its output is written. */
async function connect(terminal: Terminal, guest: Guest): Promise<Connection> {
  const { stdin, stdout, stderr } = guest;
  if (!stdin || !stdout || !stderr) throw new TypeError('the guest was started without streams');
  let unread = false;
  const onUnread = (): void => {
    unread = true;
    void guest.stop({ graceMs: 0 });
  };
  stdin.on('error', () => {}); // the guest may end before it has read everything
  terminal.stdin.pipe(stdin);
  const written = Promise.all([
    drain(stdout, terminal.stdout, onUnread),
    drain(stderr, terminal.stderr, onUnread),
  ]);
  const exit = await guest.exited;
  terminal.stdin.unpipe(stdin);
  terminal.stdin.destroy();
  await written;
  return { exit, unread };
}

async function drain(
  from: AsyncIterable<Uint8Array>,
  to: Terminal['stdout'],
  onUnread: () => void,
): Promise<void> {
  to.on('error', onUnread); // each write that comes too late is told
  for await (const chunk of from) {
    if (to.writable) await new Promise<void>((resolve) => to.write(chunk, () => resolve()));
  }
}

function exitStatus(terminal: Terminal, exit: GuestExit, signal: AbortSignal): number {
  switch (exit.kind) {
    case 'exited':
      for (const result of exit.results ?? []) terminal.stdout.write(`${result}\n`);
      return exit.code;
    case 'trapped':
      terminal.stderr.write(`wasmlet: ${exit.message}\n`);
      return 134;
    case 'killed':
      switch (exit.reason) {
        case 'stop':
          return signal.reason instanceof Interrupted ? exitCodeOf(signal.reason) : 143;
        case 'timeout':
          terminal.stderr.write(`wasmlet: ${exit.message}\n`);
          return 124;
        case 'memory':
        case 'output':
        case 'grace':
        case 'host-closed':
          terminal.stderr.write(`wasmlet: ${exit.message}\n`);
          return 137;
      }
  }
}
