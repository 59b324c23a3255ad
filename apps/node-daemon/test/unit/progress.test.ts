import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { showProgress } from '../../src/registry/progress.ts';

class Screen extends Writable {
  readonly written: string[] = [];
  readonly isTTY: boolean;
  readonly columns: number;
  constructor(isTTY: boolean, columns: number = 100) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
    this.columns = columns;
  }
  override _write(text: string, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(text);
    done();
  }
}

const show = (
  stderr: Screen,
  what: string,
  transfer: (report: (blob: string, size: number, done: number, resumedBytes?: number) => void) => void,
) =>
  showProgress({ stderr }, what, async (report) =>
    transfer((name, size, transferredBytes, resumedBytes = 0) =>
      report({
        descriptor: { mediaType: 'application/wasm', digest: `sha256:${name}`, size },
        transferredBytes,
        resumedBytes,
      }),
    ),
  );

describe('the progress of a transfer', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  test('is a bar over all that has begun, drawn ten times a second at most, and gone in the end', async () => {
    const stderr = new Screen(true);
    await show(stderr, 'pulling r.test/app:v1', (report) => {
      report('a', 30_000_000, 0);
      report('b', 20_000_000, 5_000_000);
      vi.advanceTimersByTime(500);
      report('a', 30_000_000, 20_000_000);
    });
    expect(stderr.written).toEqual([
      '\r\u001b[Kpulling r.test/app:v1 [....................]   0 %  0.0 of 30.0 MB  0.0 MB/s',
      '\r\u001b[Kpulling r.test/app:v1 [##########..........]  50 %  25.0 of 50.0 MB  50.0 MB/s',
      '\r\u001b[K',
    ]);
  });

  test('counts what an earlier transfer has left for the bar, not for the rate', async () => {
    const stderr = new Screen(true);
    await show(stderr, 'pulling r.test/app:v1', (report) => {
      report('a', 50_000_000, 25_000_000, 25_000_000);
      vi.advanceTimersByTime(500);
      report('a', 50_000_000, 30_000_000, 25_000_000);
    });
    expect(stderr.written.slice(0, 2)).toEqual([
      '\r\u001b[Kpulling r.test/app:v1 [##########..........]  50 %  25.0 of 50.0 MB  0.0 MB/s',
      '\r\u001b[Kpulling r.test/app:v1 [############........]  60 %  30.0 of 50.0 MB  10.0 MB/s',
    ]);
  });

  test('keeps to one line of a narrow terminal', async () => {
    const stderr = new Screen(true, 70);
    await show(stderr, `pulling r.test/${'team/'.repeat(20)}app:v1`, (report) => report('a', 0, 0));
    const [line = ''] = stderr.written;
    expect(line.replace('\r\u001b[K', '')).toHaveLength(69);
    expect(line).toContain('app:v1 [####################] 100 %');
  });

  test('is not told where there is no terminal', async () => {
    const stderr = new Screen(false);
    await show(stderr, 'pulling r.test/app:v1', (report) => report('a', 1, 1));
    expect(stderr.written).toEqual([]);
  });
});
