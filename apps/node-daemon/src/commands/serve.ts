import { Command } from 'commander';
import type { Guest, GuestExit } from '@wasmlet/wasm-runtime';
import { parseDuration, parseEnv, parseInteger } from '../config/values.ts';
import { untilInterrupted } from '../daemon/signals.ts';
import { CommandError, UsageError } from '../errors.ts';
import { describeDenial } from '../local/egress-denial.ts';
import { collect, hostOf, parseDirectory, parseIsolation, parseLimits } from '../local/guest-options.ts';
import { openServeScreen, type ServeScreen } from '../local/serve-screen.ts';
import { addRegistryOptions, type RegistryFlags } from './registry-options.ts';
import type { Finish, Terminal } from './terminal.ts';

interface ServeFlags extends RegistryFlags {
  readonly addr: string;
  readonly reuse?: true;
  readonly maxConcurrency?: string;
  readonly requestTimeout?: string;
  readonly accessLog?: boolean;
  readonly isolation: string;
  readonly allowedHost: readonly string[];
  readonly env: readonly string[];
  readonly dir: readonly string[];
  readonly W: readonly string[];
}

/** `wasmlet serve`: a component that answers HTTP, in the foreground, until Ctrl-C. */
export function serveCommand(terminal: Terminal, finish: Finish): Command {
  return addRegistryOptions(
    new Command('serve')
      .description('serve HTTP with a component (wasi:http/incoming-handler) from a file or a registry')
      .argument('<component>', 'file, or reference in a registry')
      .option('--addr <host:port>', 'where to listen; port 0 is one that is free', '127.0.0.1:8080')
      .option('--reuse', 'let an instance answer one request after the other; else each has its own')
      .option('--max-concurrency <n>', 'requests that run at once; more are answered with 503', '128')
      .option(
        '--request-timeout <duration>',
        'longest that a request may take; then it is answered with 504',
        '60s',
      )
      .option('--access-log', 'write a line to stdout for each request')
      .option('--isolation <tier>', 'how the component is kept apart: process, thread', 'process')
      .option(
        '-a, --allowed-host <url>',
        'URL whose host the component may contact (repeatable)',
        collect,
        [],
      )
      .option('-e, --env <NAME=VALUE>', 'environment variable (repeatable)', collect, [])
      .option('--dir <HOST[::GUEST[::ro]]>', 'directory that the component may use (repeatable)', collect, [])
      .option(
        '-W <option=value>',
        'max-memory-size=SIZE, of an instance, max-table-elements=N (repeatable)',
        collect,
        [],
      ),
  )
    .addHelpText(
      'after',
      '\nCtrl-C and SIGTERM let requests that run end, for up to 30 s.\nExit status: 0 stopped, 1 it could not serve, or had requests left.',
    )
    .action(async (component: string, flags: ServeFlags) => {
      await serve(terminal, component, flags);
      finish(0);
    });
}

/** What Kubernetes gives by default. */
const graceMs = 30_000;
const statsMs = 500;

async function serve(terminal: Terminal, component: string, flags: ServeFlags): Promise<void> {
  const isolation = parseIsolation(flags.isolation);
  const options = {
    ...parseAddress(flags.addr),
    reuse: flags.reuse ? Number.MAX_SAFE_INTEGER : 1,
    limits: {
      ...(flags.maxConcurrency === undefined
        ? {}
        : { maxConcurrent: parseInteger('--max-concurrency', flags.maxConcurrency) }),
      ...(flags.requestTimeout === undefined
        ? {}
        : { requestMs: parseDuration('--request-timeout', flags.requestTimeout) }),
    },
    accessLog: flags.accessLog ?? false,
    statsMs,
  };
  const [{ createRuntime }, wasiHttp, { readModule }, { requireHttpComponent }] = await Promise.all([
    import('@wasmlet/wasm-runtime'),
    import('@wasmlet/wasi-http'),
    import('../local/module-source.ts'),
    import('../local/http-component.ts'),
  ]);
  using interruption = untilInterrupted();
  const { signal } = interruption;
  const { name, bytes } = await readModule(terminal, component, { flags, signal });
  requireHttpComponent(component, bytes);
  // Whoever types the command is the operator: a host that they name may be a private one.
  const allowedHosts = flags.allowedHost.map(hostOf);
  const egress = { allowedHosts, grants: allowedHosts };
  const hostModules = [wasiHttp.outgoingHttp(egress), wasiHttp.incomingHandler(options)];
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
      name,
      module: bytes,
      args: [name],
      env: flags.env.map((entry) => parseEnv(entry, terminal.env)),
      mounts,
      output: { kind: 'stream' },
      isolation,
      limits: parseLimits(flags.W),
      hostModules,
      egress,
    },
    { signal },
  );
  using screen = openServeScreen(terminal, name);
  guest.onReport(({ report }) => {
    const own = wasiHttp.readServerReport(report);
    if (own !== undefined) return screen.report(own);
    const denial = describeDenial(report);
    if (denial !== undefined) screen.say(denial);
  });
  const stop = (): void => {
    screen.stopping();
    void guest.stop({ graceMs });
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const exit = await showOutput(terminal, screen, guest);
  signal.removeEventListener('abort', stop);
  checkExit(exit);
  screen.stopped();
}

/** Until the guest has ended, and its output is written. */
async function showOutput(terminal: Terminal, screen: ServeScreen, guest: Guest): Promise<GuestExit> {
  const show = async (from: Guest['stdout'], to: Terminal['stdout']): Promise<void> => {
    to.on('error', () => {}); // of a reader that has gone: who serves goes on
    for await (const chunk of from ?? []) await screen.pass(to, chunk as Uint8Array);
  };
  await Promise.all([show(guest.stdout, terminal.stdout), show(guest.stderr, terminal.stderr)]);
  return guest.exited;
}

function checkExit(exit: GuestExit): void {
  if (exit.kind === 'exited' && exit.code === 0) return;
  const why = exit.kind === 'exited' ? `it exited with ${exit.code}` : exit.message;
  throw new CommandError('SERVE', `The component serves no more: ${why}.`);
}

/** `HOST:PORT`, `[ADDRESS]:PORT`, `:PORT` or `PORT`. */
function parseAddress(value: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, port = ''] =
    /^(?:(?:\[([\da-f:.]+)\]|([^:[\]]*)):)?(\d{1,5})$/i.exec(value) ?? [];
  if (port === '' || Number(port) > 65_535) {
    throw new UsageError(`--addr "${value}" is not of the form HOST:PORT.`);
  }
  return {
    host: bracketed ?? (plain === undefined || plain === '' ? '127.0.0.1' : plain),
    port: Number(port),
  };
}
