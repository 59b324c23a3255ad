import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, connect } from 'node:net';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** A server in a process of its own. */
export interface Contender extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
}

const own = fileURLToPath(new URL('./server.ts', import.meta.url));
const inTier = fileURLToPath(new URL('./tier-server.ts', import.meta.url));

/** One of `server.ts`. */
export async function startServer(name: string, kind: string, component = ''): Promise<Contender> {
  return startOwn(name, [own, kind, component]);
}

/** A component in a guest host, as pods have it. */
export function startInTier(name: string, tier: string, kind: string, component: string): Promise<Contender> {
  return startOwn(name, [inTier, tier, kind, component]);
}

/** `jco serve`, where `WASMLET_JCO` is the path of `jco.js`. */
export async function startJco(
  name: string,
  component: string,
  options: readonly string[] = [],
): Promise<Contender | undefined> {
  const jco = process.env['WASMLET_JCO'];
  if (jco === undefined) {
    process.stderr.write(`without ${name}: WASMLET_JCO is not the path of jco.js\n`);
    return undefined;
  }
  const port = await freePort();
  return startPeer(
    name,
    process.execPath,
    [jco, 'serve', component, '--port', String(port), ...options],
    port,
  );
}

/** `wasmtime serve`, where it is on the PATH. */
export async function startWasmtime(component: string): Promise<Contender | undefined> {
  if (spawnSync('wasmtime', ['--version']).error) {
    process.stderr.write('without wasmtime serve: wasmtime is not on the PATH\n');
    return undefined;
  }
  const port = await freePort();
  return startPeer('wasmtime serve', 'wasmtime', ['serve', '--addr', `127.0.0.1:${port}`, component], port);
}

async function startOwn(name: string, args: readonly string[]): Promise<Contender> {
  const child = spawn(process.execPath, [...process.execArgv, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await firstLine(child);
  return contender(name, child, Number(line));
}

async function startPeer(
  name: string,
  command: string,
  args: readonly string[],
  port: number,
): Promise<Contender> {
  // In a group of its own: jco's would leave its server behind.
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  // It does not say when it listens.
  for (let left = 300; !(await isOpen(port)); left -= 1) {
    if (left === 0 || child.exitCode !== null)
      throw new Error(`${name} does not listen: ${said.slice(0, 500)}`);
    await delay(100);
  }
  return contender(name, child, port, () => process.kill(-(child.pid ?? 0), 'SIGTERM'));
}

function contender(
  name: string,
  child: ChildProcess,
  port: number,
  kill: () => void = () => child.kill(),
): Contender {
  return {
    name,
    url: `http://127.0.0.1:${port}/`,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      kill();
      await ended;
    },
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new TypeError('no stdout');
  for await (const line of createInterface(child.stdout)) return line;
  throw new Error(`a server ended with ${child.exitCode ?? child.signalCode} before it listened`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const opened = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return opened;
}
