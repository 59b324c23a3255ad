import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Kills the guest hosts when this process is gone, however it went: a guest in a tight loop does not notice
 * that its daemon is dead. A shell that is told their process ids and kills what is left at end-of-file; a
 * parent-death signal would be lost when a guest host changes its user.
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
  return {
    add: (pid) => void shell.stdin.write(`add ${pid}\n`),
    remove: (pid) => void shell.stdin.write(`del ${pid}\n`),
    async [Symbol.asyncDispose]() {
      shell.ref();
      shell.stdin.end();
      await exited;
    },
  };
}
