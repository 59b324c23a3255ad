import { afterEach, expect, test } from 'vitest';
import { type Preview2Guest, startPreview2 } from '../../fixtures/preview2-guest.ts';

let started: Preview2Guest | undefined;

afterEach(() => {
  started?.host.close();
  started = undefined;
});

async function start(...options: Parameters<typeof startPreview2>): Promise<Preview2Guest> {
  started = await startPreview2(...options);
  return started;
}

const textAt = (guest: Preview2Guest, at: number): string => {
  const view = guest.guest.view();
  return Buffer.from(guest.guest.span(view.getUint32(at, true), view.getUint32(at + 4, true))).toString();
};

test('a guest is told its arguments and its environment', async () => {
  const guest = await start({
    args: ['program', 'grüße', ''],
    env: [
      ['HOME', '/x'],
      ['EMPTY', ''],
    ],
  });
  const args = guest.call('wasi:cli/environment', 'get-arguments');
  expect(args.u32(4)).toBe(3);
  expect([0, 1, 2].map((index) => textAt(guest, args.u32(0) + index * 8))).toEqual(['program', 'grüße', '']);
  const env = guest.call('wasi:cli/environment', 'get-environment');
  expect(env.u32(4)).toBe(2);
  expect([0, 8, 16, 24].map((at) => textAt(guest, env.u32(0) + at))).toEqual(['HOME', '/x', 'EMPTY', '']);
  expect(guest.call('wasi:cli/environment', 'initial-cwd').u8(0)).toBe(0);
});

test('arguments that no guest can be told are refused', async () => {
  await expect(startPreview2({ args: ['a\0b'] })).rejects.toThrow('NUL');
  await expect(startPreview2({ mounts: [{ hostPath: '/tmp', guestPath: 'relative' }] })).rejects.toThrow(
    'neither absolute',
  );
});

test.each([
  ['exit', 0, 0],
  ['exit', 1, 1],
  ['exit-with-code', 42, 42],
  ['exit-with-code', 256 + 7, 7],
])('%s of %i ends the guest with %i by a trap', async (name, value, code) => {
  const guest = await start();
  expect(() => guest.call('wasi:cli/exit', name, value)).toThrow(WebAssembly.RuntimeError);
  expect(guest.ending).toEqual({ kind: 'exit', code });
});

test('a case that a result does not have is a trap, not an exit', async () => {
  const guest = await start();
  expect(() => guest.call('wasi:cli/exit', 'exit', 2)).toThrow(WebAssembly.RuntimeError);
  expect(guest.ending?.kind).toBe('failure');
});

test.each([true, false])('standard streams say whether they are a terminal: %s', async (tty) => {
  const guest = await start({ tty });
  for (const name of ['stdin', 'stdout', 'stderr']) {
    expect(guest.call(`wasi:cli/terminal-${name}`, `get-terminal-${name}`).u8(0)).toBe(Number(tty));
  }
});

test('clocks agree with those of the machine', async () => {
  const guest = await start();
  const now = guest.call('wasi:clocks/wall-clock', 'now');
  expect(Math.abs(Number(now.u64(0)) - Date.now() / 1000)).toBeLessThan(5);
  expect(now.u32(8)).toBeLessThan(1_000_000_000);
  const first = guest.call('wasi:clocks/monotonic-clock', 'now').value as bigint;
  expect((guest.call('wasi:clocks/monotonic-clock', 'now').value as bigint) >= first).toBe(true);
  const zone = guest.call('wasi:clocks/timezone', 'display', 0n, 0);
  expect([zone.u32(0), zone.text(4)]).toEqual([0, 'UTC']);
});

test('a time that never comes is not ready, one that is over is', async () => {
  const guest = await start();
  const ready = (name: string, ns: bigint) =>
    guest.call(
      'wasi:io/poll',
      '[method]pollable.ready',
      Number(guest.call('wasi:clocks/monotonic-clock', name, ns).value),
    ).value;
  expect(ready('subscribe-instant', 0n)).toBe(1);
  expect(ready('subscribe-instant', -1n)).toBe(0);
  expect(ready('subscribe-duration', -1n)).toBe(0);
});

test('random bytes are as many as are asked for, up to the cap', async () => {
  const guest = await start({ caps: { maxRandomBytes: 1_000 } });
  for (const [of, name] of [
    ['wasi:random/random', 'get-random-bytes'],
    ['wasi:random/insecure', 'get-insecure-random-bytes'],
  ] as const) {
    const bytes = guest.call(of, name, 1_000n).bytes(0);
    expect(bytes).toHaveLength(1_000);
    expect(new Set(bytes).size).toBeGreaterThan(50);
    expect(guest.call(of, name, 0n).bytes(0)).toHaveLength(0);
    expect(() => guest.call(of, name, 1_001n)).toThrow(WebAssembly.RuntimeError);
    expect(() => guest.call(of, name, -1n)).toThrow(WebAssembly.RuntimeError);
  }
  expect(guest.call('wasi:random/random', 'get-random-u64').value).not.toBe(
    guest.call('wasi:random/random', 'get-random-u64').value,
  );
  const seeds = [1, 2].map(() => guest.call('wasi:random/insecure-seed', 'insecure-seed').u64(8));
  expect(seeds[0]).toBe(seeds[1]);
});
