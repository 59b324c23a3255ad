import { describe, expect, test } from 'vitest';
import { CommandError, describeError } from '../../src/errors.ts';

describe('what is told of an error', () => {
  test('is its message and its causes, each once', () => {
    const cause = new Error('the disk is full', { cause: new Error('ENOSPC') });
    expect(describeError(new CommandError('WRITE', 'cannot write: the disk is full', { cause }))).toBe(
      'cannot write: the disk is full: ENOSPC',
    );
  });

  test('begins with the failure, not with that of the cleaning up', async () => {
    const error: unknown = await failing().catch((caught: unknown) => caught);
    expect(describeError(error)).toBe('port 3000 is in use: cannot close');
  });

  test('names every part of an aggregate, and what is no error', () => {
    expect(describeError(new AggregateError([new Error('a'), new Error('b')], 'the node stopped'))).toBe(
      'the node stopped: a: b',
    );
    expect(describeError('text')).toBe('text');
  });
});

async function failing(): Promise<void> {
  await using _resource = { [Symbol.asyncDispose]: () => Promise.reject(new Error('cannot close')) };
  throw new Error('port 3000 is in use');
}
