import { describe, expect, test } from 'vitest';
import type { GuestExit } from '@wasmlet/wasm-runtime';
import { containerExit } from '../../src/exit-mapping.ts';

const finishedAt = new Date('2026-01-02T03:04:05Z');
const exits: readonly (readonly [string, GuestExit, number, string])[] = [
  ['a guest that returned', { kind: 'exited', code: 0, finishedAt }, 0, 'Completed'],
  ['a guest that exited with 3', { kind: 'exited', code: 3, finishedAt }, 3, 'Error'],
  ['a code beyond a byte keeps its low byte', { kind: 'exited', code: 257, finishedAt }, 1, 'Error'],
  ['a trap', { kind: 'trapped', trap: 'unreachable', message: 'm', backtrace: [], finishedAt }, 134, 'Error'],
  ['memory that ran out', { kind: 'killed', reason: 'memory', message: 'm', finishedAt }, 137, 'OOMKilled'],
  ['a stop', { kind: 'killed', reason: 'stop', message: 'm', finishedAt }, 143, 'Error'],
  ['a timeout', { kind: 'killed', reason: 'timeout', message: 'm', finishedAt }, 137, 'Error'],
  ['too much output', { kind: 'killed', reason: 'output', message: 'm', finishedAt }, 137, 'Error'],
  ['a lost guest host', { kind: 'killed', reason: 'host-closed', message: 'm', finishedAt }, 137, 'Error'],
];

describe('exit code and reason of a container', () => {
  test.each(exits)('%s', (_title, exit, exitCode, reason) => {
    expect(containerExit(exit)).toMatchObject({ exitCode, reason, finishedAt });
  });
});
