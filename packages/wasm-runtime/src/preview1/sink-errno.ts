import { type Errno, errno, errnoOf } from './errno.ts';
import { isStackOverflow } from './host-call.ts';
import type { OutputSink } from './preview1.ts';

/** Gives a chunk to a sink and answers as errno: a sink that fails is the guest's I/O error, whatever it throws. */
export function offer(sink: OutputSink, chunk: Uint8Array): Errno | Promise<Errno> {
  try {
    const written = sink.write(chunk);
    return written === undefined ? errno.success : written.then(() => errno.success, sinkErrno);
  } catch (error) {
    return sinkErrno(error);
  }
}

function sinkErrno(error: unknown): Errno {
  if (isStackOverflow(error)) throw error;
  try {
    return errnoOf(error);
  } catch {
    return errno.io;
  }
}
