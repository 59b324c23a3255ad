import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { terminationMessage } from '../../../src/containers/termination-message.ts';
import type { ContainerExit } from '../../../src/provider.ts';

const finishedAt = new Date(0);
const failed: ContainerExit = { exitCode: 1, reason: 'Error', finishedAt };
const fromLogs = { name: 'c', terminationMessagePolicy: 'FallbackToLogsOnError' };

interface MessageOptions {
  readonly exit?: ContainerExit;
  readonly container?: object;
  /** Into its termination log, or what puts something in the place of that. */
  readonly written?: string | ((path: string) => Promise<unknown>);
}

async function messageOf(
  log: string | undefined,
  { exit = failed, container = fromLogs, written }: MessageOptions = {},
): Promise<string | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'kubelet-message-'));
  try {
    const path = join(directory, '0.log');
    if (log !== undefined) await writeFile(path, log);
    const hostPath = join(directory, 'written');
    if (typeof written === 'function') await written(hostPath);
    else if (written !== undefined) await writeFile(hostPath, written);
    const terminationLog = { hostPath, root: directory, containerPath: '/dev/log', readOnly: false };
    const paths = written === undefined ? { logPath: path } : { logPath: path, terminationLog };
    return await terminationMessage({ name: 'c', ...container }, exit, paths);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function logOf(lines: readonly string[], stream = 'stdout'): string {
  return lines.map((line) => `2026-01-01T00:00:00.000000000Z ${stream} F ${line}\n`).join('');
}

describe('a termination message', () => {
  test('is what the provider says of the end, before anything else', async () => {
    expect(await messageOf(logOf(['log']), { exit: { ...failed, message: 'unreachable' } })).toBe(
      'unreachable',
    );
  });

  test('is what the container has written, whatever its code and its log', async () => {
    const exit: ContainerExit = { exitCode: 0, reason: 'Completed', finishedAt };
    expect(await messageOf(logOf(['log']), { exit, written: 'all 12 done' })).toBe('all 12 done');
    expect(await messageOf(logOf(['log']), { written: 'disk full\n' })).toBe('disk full\n');
  });

  test('is both, where the provider says something as well', async () => {
    const exit = { ...failed, message: 'wasm trap: unreachable' };
    expect(await messageOf(undefined, { exit, written: 'panicked' })).toBe(
      'wasm trap: unreachable: panicked',
    );
  });

  test('is the log where the container has written nothing', async () => {
    expect(await messageOf(logOf(['log']), { written: '' })).toBe('log\n');
    expect(await messageOf(logOf(['log']), { written: () => Promise.resolve() })).toBe('log\n');
  });

  test('has the last 4096 bytes of what was written, and no half character', async () => {
    expect(await messageOf(undefined, { written: `first${'x'.repeat(4_096)}` })).toBe('x'.repeat(4_096));
    expect(await messageOf(undefined, { written: `${'é'.repeat(5_000)}!` })).toBe(`${'é'.repeat(2_047)}!`);
  });

  test('says so where something else is in the place of the file, and does not follow it', async () => {
    expect(await messageOf(logOf(['log']), { written: (path) => symlink('/proc/self/environ', path) })).toBe(
      'Error on reading termination log /dev/log: ELOOP',
    );
    expect(await messageOf(logOf(['log']), { written: (path) => mkdir(path) })).toBe(
      'Error on reading termination log /dev/log: it is no file',
    );
  });

  test('is the log of a run that failed where the container asks for that, both streams', async () => {
    expect(await messageOf(logOf(['a', '']) + logOf(['b'], 'stderr'))).toBe('a\n\nb\n');
  });

  test('joins lines that were written in parts', async () => {
    const prefix = '2026-01-01T00:00:00.000000000Z stdout';
    expect(await messageOf(`${prefix} P one\n${prefix} P  and\n${prefix} F  two\n`)).toBe('one and two\n');
  });

  test.each([
    ['the run succeeded', { exit: { exitCode: 0, reason: 'Completed', finishedAt } as const }],
    ['the container does not ask for it', { container: { terminationMessagePolicy: 'File' } }],
    ['nobody says', { container: { terminationMessagePolicy: undefined } }],
  ])('is absent when %s', async (_title, options) => {
    expect(await messageOf(logOf(['a']), options)).toBeUndefined();
  });

  test.each([undefined, '', 'not a log\n'])('is absent when the log is %j', async (log) => {
    expect(await messageOf(log)).toBeUndefined();
  });

  test('has the last 80 lines', async () => {
    const lines = Array.from({ length: 200 }, (_, index) => `l${index}`);
    expect(await messageOf(logOf(lines))).toBe(`${lines.slice(120).join('\n')}\n`);
  });

  test('has the last 2048 bytes, and no half character', async () => {
    const message = await messageOf(logOf(['é'.repeat(3_000)]));
    expect(Buffer.byteLength(message ?? '')).toBeLessThanOrEqual(2_048);
    expect(message).toBe(`${'é'.repeat(1_023)}\n`);
  });

  test('comes from the end of a log that is very long', async () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index}`);
    expect((await messageOf(logOf(lines)))?.endsWith('line 19998\nline 19999\n')).toBe(true);
  });
});
