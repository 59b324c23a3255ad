import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { terminationMessage } from '../../../src/containers/termination-message.ts';
import type { ContainerExit } from '../../../src/provider.ts';

const finishedAt = new Date(0);
const failed: ContainerExit = { exitCode: 1, reason: 'Error', finishedAt };
const fromLogs = { name: 'c', terminationMessagePolicy: 'FallbackToLogsOnError' };

async function messageOf(
  log: string | undefined,
  { exit = failed, container = fromLogs }: { exit?: ContainerExit; container?: object } = {},
): Promise<string | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'kubelet-message-'));
  try {
    const path = join(directory, '0.log');
    if (log !== undefined) await writeFile(path, log);
    return await terminationMessage({ name: 'c', ...container }, exit, path);
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
