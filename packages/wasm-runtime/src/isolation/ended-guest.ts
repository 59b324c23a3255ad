import { randomUUID } from 'node:crypto';
import { Readable, Writable } from 'node:stream';
import type { GuestSpec } from './guest-spec.ts';
import type { Guest, GuestExit } from './guest.ts';

/** A guest that could not have begun, its declared memory does not fit its limit: ended, without a process. */
export function endedGuest({ stdin, output, diagnostics }: GuestSpec, message: string): Guest {
  const now = new Date();
  const exit: GuestExit = { kind: 'killed', reason: 'memory', message, finishedAt: now };
  const exited = Promise.resolve(exit);
  return {
    id: randomUUID(),
    pid: 0,
    startedAt: now,
    exited,
    ...(stdin === 'stream' ? { stdin: new Writable({ write: (_chunk, _encoding, done) => done() }) } : {}),
    ...(output.kind === 'stream' ? { stdout: Readable.from([]), stderr: Readable.from([]) } : {}),
    ...(diagnostics?.profile ? { profile: Promise.resolve(undefined) } : {}),
    ...(diagnostics?.report ? { report: Promise.resolve(undefined) } : {}),
    stats: () => Promise.resolve(undefined),
    stop: () => exited,
    onReport() {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
