import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Kills the guest hosts when this process is gone, however it went: a guest in a tight loop does not notice
 * that its daemon is dead. A shell that is told their process ids and kills what is left at end-of-file; a
 * parent-death signal would be lost when a guest host changes its user.
 *
 * An id is told before its process can end and taken back after it has been waited for. If the application is
 * killed between the wait and the telling, and the id is given to another process within that moment, that one is hit.
 */
export interface Keeper extends AsyncDisposable {
  add(pid: number): void;
  remove(pid: number): void;
}

const script = `
pids=' '
while read -r verb pid; do
  case "$verb" in
    add) pids="$pids$pid " ;;
    del) case "$pids" in *" $pid "*) pids="\${pids%% $pid *} \${pids#* $pid }" ;; esac ;;
  esac
done
for pid in $pids; do kill -KILL "$pid" 2>/dev/null; done
exit 0
`;

/** Resolves to a keeper, or `undefined` where there is no shell: there, guest hosts end at end-of-file on the wire. */
export async function startKeeper(): Promise<Keeper | undefined> {
  // A session of its own: a Ctrl-C is for the application, which then ends its guests itself.
  const shell = spawn('/bin/sh', ['-c', script], {
    cwd: '/',
    env: {},
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const exited = once(shell, 'exit');
  exited.catch(() => {});
  shell.stdin.on('error', () => {}); // a keeper that was killed from outside
  try {
    await once(shell, 'spawn');
  } catch {
    return undefined;
  }
  shell.unref();
  const tell = (verb: 'add' | 'del', pid: number): void => {
    // To `kill`, 0 and negative numbers are groups: -1 is everybody.
    if (!Number.isSafeInteger(pid) || pid <= 1) throw new RangeError(`${pid} is no process of ours`);
    shell.stdin.write(`${verb} ${pid}\n`);
  };
  return {
    add: (pid) => tell('add', pid),
    remove: (pid) => tell('del', pid),
    async [Symbol.asyncDispose]() {
      shell.ref();
      shell.stdin.end();
      await exited;
    },
  };
}
