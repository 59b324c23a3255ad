import type { V1Container } from '@kubernetes/client-node';
import { open } from 'node:fs/promises';
import type { ContainerExit, ContainerSpec } from '../provider.ts';
import { readTerminationLog } from '../volumes/termination-log.ts';

/** Upstream's bounds on a message that is taken from the log (`MaxContainerTerminationMessageLogLength`, `…Lines`). */
const maxMessageBytes = 2048;
const maxMessageLines = 80;
/** Enough of the file's end to hold 2048 bytes of content with their prefixes. */
const tailBytes = 32 * 1024;

/**
 * `state.terminated.message`: what the provider says of the end, and behind it what the container has written into its termination
 * log; without either, with `FallbackToLogsOnError` the end of the log of a run that failed.
 */
export async function terminationMessage(
  container: V1Container,
  exit: ContainerExit,
  { logPath, terminationLog }: Pick<ContainerSpec, 'logPath' | 'terminationLog'>,
): Promise<string | undefined> {
  const written = terminationLog === undefined ? '' : await readTerminationLog(terminationLog);
  if (exit.message) return written === '' ? exit.message : `${exit.message}: ${written}`;
  if (written !== '') return written;
  const wanted = container.terminationMessagePolicy === 'FallbackToLogsOnError' && exit.exitCode !== 0;
  if (!wanted) return undefined;
  const tail = await readTail(logPath);
  return tail === undefined ? undefined : lastOutput(tail) || undefined;
}

async function readTail(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    const length = Math.min(size, tailBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    const text = buffer.toString('utf8', 0, bytesRead);
    return size > length ? text.slice(text.indexOf('\n') + 1) : text;
  } catch {
    return undefined;
  }
}

/** The content of CRI log lines: `<time> <stream> F|P <content>`. */
function lastOutput(log: string): string {
  let output = '';
  for (const line of log.split('\n')) {
    const match = /^\S+ (?:stdout|stderr) ([FP])\S* ?(.*)$/s.exec(line);
    if (match !== null) output += match[1] === 'F' ? `${match[2]}\n` : match[2];
  }
  const lines = output
    .split('\n')
    .slice(-maxMessageLines - 1)
    .join('\n');
  const bytes = Buffer.from(lines);
  return bytes
    .subarray(Math.max(0, bytes.length - maxMessageBytes))
    .toString('utf8')
    .replace(/^\uFFFD+/, '');
}
