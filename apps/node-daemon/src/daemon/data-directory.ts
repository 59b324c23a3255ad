import { mkdir, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { CommandError } from '../errors.ts';

export interface DataDirectory extends AsyncDisposable {
  readonly path: string;
  readonly content: string;
  readonly certificates: string;
}

/**
 * Makes the data directory and holds it for this process: the lock is a listening socket in `run`, so it
 * is gone when the process is, however it ended.
 *
 * @throws {@link CommandError} `DATA_DIRECTORY_IN_USE` or `DATA_DIRECTORY`.
 */
export async function openDataDirectory(path: string): Promise<DataDirectory> {
  const run = join(path, 'run');
  try {
    await mkdir(run, { recursive: true, mode: 0o755 });
    await mkdir(join(path, 'certificates'), { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new CommandError(
      'DATA_DIRECTORY',
      `The data directory ${path} cannot be made: ${(cause as Error).message}. Choose another with --data-dir.`,
      { cause },
    );
  }
  const socket = join(run, 'lock.sock');
  const server = (await listen(socket)) ?? (await takeOver(path, socket));
  return {
    path,
    content: join(path, 'content'),
    certificates: join(path, 'certificates'),
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** The socket's file is there: left by a process that died, unless somebody answers. */
async function takeOver(path: string, socket: string): Promise<Server> {
  if (!(await answers(socket))) {
    await rm(socket, { force: true });
    const server = await listen(socket);
    if (server) return server;
  }
  throw new CommandError(
    'DATA_DIRECTORY_IN_USE',
    `The data directory ${path} is used by another wasmlet. Stop that one, or choose another with --data-dir.`,
  );
}

function listen(socket: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else {
        reject(
          new CommandError('DATA_DIRECTORY', `Cannot lock ${socket}: ${error.message}`, { cause: error }),
        );
      }
    });
    server.listen(socket, () => {
      server.unref();
      resolve(server);
    });
  });
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
}
