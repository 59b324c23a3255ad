import { describe, expect, test } from 'vitest';
import { LogQueryError, parseLogQuery } from '../../../src/logs/log-query.ts';

const now = new Date('2026-01-01T00:01:00Z');
const parse = (query: string) => parseLogQuery(new URLSearchParams(query), now);
const defaults = { follow: false, previous: false, timestamps: false };

describe('the query of a log', () => {
  test.each([
    ['', {}],
    ['follow=true', { follow: true }],
    ['follow', { follow: true }],
    ['follow=1&previous=yes&timestamps=TRUE', { follow: true, previous: true, timestamps: true }],
    ['follow=false&previous=0&timestamps=False', {}],
    ['follow=false&follow=true', {}],
    ['tailLines=0', { tailLines: 0 }],
    ['tailLines=12', { tailLines: 12 }],
    ['tail=7', { tailLines: 7 }],
    ['tail=7&tailLines=9', { tailLines: 7 }],
    ['tail=all&tailLines=9', {}],
    ['limitBytes=1', { limitBytes: 1 }],
    ['limitBytes=9223372036854775807', { limitBytes: Number.MAX_SAFE_INTEGER }],
    ['sinceSeconds=60', { since: new Date('2026-01-01T00:00:00Z') }],
    ['sinceSeconds=9223372036854775807', { since: new Date(0) }],
    ['sinceTime=2025-12-31T23:59:59Z', { since: new Date('2025-12-31T23:59:59Z') }],
    ['sinceTime=2026-01-01T01:00:00.5%2B01:00', { since: new Date('2026-01-01T00:00:00.500Z') }],
    ['sinceTime=', {}],
    ['stream=Stdout', { stream: 'Stdout' }],
    ['stream=All&tailLines=1', { stream: 'All', tailLines: 1 }],
    ['container=c&insecureSkipTLSVerifyBackend=true&x=y', {}],
  ])('%j is understood', (query, expected) => {
    expect(parse(query)).toEqual({ ...defaults, ...expected });
  });

  test.each([
    'tailLines=x',
    'tailLines=',
    'tail=1.5',
    'limitBytes=1e3',
    'sinceSeconds=99999999999999999999',
    'sinceTime=yesterday',
    'sinceTime=2026-01-01',
    'sinceTime=2026-13-01T00:00:00Z',
  ])('%j cannot be decoded: 400', (query) => {
    expect(() => parse(query)).toThrow(
      expect.objectContaining({ status: 400, message: expect.stringContaining('Unable to decode query.') }),
    );
  });

  test.each([
    ['tailLines=-1', 'must be greater than or equal to 0'],
    ['limitBytes=0', 'must be greater than 0'],
    ['limitBytes=-5', 'must be greater than 0'],
    ['sinceSeconds=0', 'must be greater than 0'],
    ['sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z', 'at most one of `sinceTime` or `sinceSeconds`'],
    ['stream=stdout', 'supported values'],
    ['stream=', 'supported values'],
    ['stream=Stderr&tailLines=1', 'mutually exclusive'],
  ])('%j makes no sense: 422', (query, detail) => {
    const error = catchError(() => parse(query));
    expect(error).toBeInstanceOf(LogQueryError);
    expect(error).toMatchObject({ status: 422 });
    expect(JSON.parse((error as Error).message)).toEqual({
      message: 'Invalid request.',
      detail: expect.stringContaining(detail) as string,
    });
  });
});

function catchError(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
