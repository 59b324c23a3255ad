import { expect, test } from 'vitest';
import { limitOutputs } from '../../../src/output/limited-output.ts';

test('sinks take so many bytes together, and what fits of the write that is too much', async () => {
  const written: string[] = [];
  const sink = (name: string, later: boolean) => ({
    write(chunk: Uint8Array) {
      written.push(`${name} ${Buffer.from(chunk).toString()}`);
      return later ? Promise.resolve() : undefined;
    },
  });
  let exceeded = 0;
  const { stdout, stderr } = limitOutputs(
    { stdout: sink('stdout', false), stderr: sink('stderr', true) },
    {
      maxBytes: 10,
      onExceeded() {
        exceeded += 1;
        return new Promise(() => {});
      },
    },
  );
  expect(stdout.write(Buffer.from('12345'))).toBeUndefined();
  await stderr.write(Buffer.from('123'));
  expect(exceeded).toBe(0);
  const late = stdout.write(Buffer.from('abcdef'));
  expect({ exceeded, late, written }).toEqual({
    exceeded: 1,
    late: expect.any(Promise) as unknown,
    written: ['stdout 12345', 'stderr 123', 'stdout ab'],
  });
  void stderr.write(Buffer.from('x'));
  expect({ exceeded, count: written.length }).toEqual({ exceeded: 2, count: 3 });
});
