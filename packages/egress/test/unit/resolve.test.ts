import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { createEgressGuard, type EgressGuard, type Resolve, type ResolvedAddress } from '../../src/index.ts';

const v4 = (address: string): ResolvedAddress => ({ address, family: 4 });
const v6 = (address: string): ResolvedAddress => ({ address, family: 6 });

function guardThatFinds(resolve: Resolve, grants: readonly string[] = []) {
  const asked: string[] = [];
  const guard = createEgressGuard(
    { allowedHosts: ['example.com', '10.0.0.5', '8.8.8.8', '::1'], grants },
    {
      resolve: (host, options) => {
        asked.push(host);
        return resolve(host, options);
      },
      ownAddresses: () => [],
    },
  );
  return { guard, asked };
}

describe('resolving', () => {
  test('asks for the canonical name and returns what it found, in order', async () => {
    const found = [v6('2606:4700::1111'), v4('8.8.8.8')];
    const { guard, asked } = guardThatFinds(() => Promise.resolve(found));
    expect(await guard.resolve('EXAMPLE.com.')).toEqual(found);
    expect(asked).toEqual(['example.com']);
  });

  test('asks nobody about a host that is not allowed', async () => {
    const { guard, asked } = guardThatFinds(() => Promise.resolve([v4('8.8.8.8')]));
    await expect(guard.resolve('secret.leaks.evil.example')).rejects.toMatchObject({
      name: 'EgressError',
      code: 'DENIED',
      host: 'secret.leaks.evil.example',
      reason: 'host-not-allowed',
    });
    expect(asked).toEqual([]);
  });

  test('one address that may not be connected to denies all', async () => {
    const { guard } = guardThatFinds(() => Promise.resolve([v4('8.8.8.8'), v4('169.254.169.254')]));
    await expect(guard.resolve('example.com')).rejects.toMatchObject({
      code: 'DENIED',
      host: 'example.com',
      reason: 'address-not-allowed',
    });
  });

  test('judges a name anew each time', async () => {
    const answers = [[v4('8.8.8.8')], [v4('127.0.0.1')]];
    const { guard } = guardThatFinds(() => Promise.resolve(answers.shift() ?? []));
    expect(await guard.resolve('example.com')).toEqual([v4('8.8.8.8')]);
    await expect(guard.resolve('example.com')).rejects.toMatchObject({ code: 'DENIED' });
  });

  test.each([
    ['8.8.8.8', [v4('8.8.8.8')]],
    ['134744072', [v4('8.8.8.8')]],
    ['[::1]', [v6('::1')]],
  ])('the literal %s is its own address', async (host, expected) => {
    const { guard, asked } = guardThatFinds(() => Promise.reject(new Error('nobody')), ['::1']);
    expect(await guard.resolve(host)).toEqual(expected);
    expect(asked).toEqual([]);
  });

  test('a literal is checked as any address', async () => {
    const { guard } = guardThatFinds(() => Promise.resolve([]));
    await expect(guard.resolve('10.0.0.5')).rejects.toMatchObject({
      code: 'DENIED',
      reason: 'address-not-allowed',
    });
  });

  test('a name without addresses is unresolved', async () => {
    const { guard } = guardThatFinds(() => Promise.resolve([]));
    await expect(guard.resolve('example.com')).rejects.toMatchObject({
      code: 'UNRESOLVED',
      host: 'example.com',
    });
  });

  test('a resolver that fails leaves its reason as the cause', async () => {
    const cause = new Error('SERVFAIL');
    const { guard } = guardThatFinds(() => Promise.reject(cause));
    await expect(guard.resolve('example.com')).rejects.toMatchObject({ code: 'UNRESOLVED', cause });
  });

  test('looks at the first 32 of many addresses, and returns no other', async () => {
    const many = Array.from({ length: 5000 }, (_, index) => v4(`8.8.${index >> 8}.${index & 255}`));
    const { guard } = guardThatFinds(() => Promise.resolve(many));
    expect(await guard.resolve('example.com')).toEqual(many.slice(0, 32));
  });

  test('an abort ends a resolver that never answers, and leaves no listener', async () => {
    const { guard } = guardThatFinds(() => new Promise(() => {}));
    const controller = new AbortController();
    const resolving = guard.resolve('example.com', { signal: controller.signal });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(resolving).rejects.toBe(reason);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  test('an aborted signal asks nobody', async () => {
    const { guard, asked } = guardThatFinds(() => Promise.resolve([v4('8.8.8.8')]));
    const reason = new Error('enough');
    await expect(guard.resolve('example.com', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(asked).toEqual([]);
  });
});

describe("node's lookup", () => {
  const found = [v6('2606:4700::1111'), v4('8.8.8.8')];
  const { guard } = guardThatFinds(() => Promise.resolve(found));
  const lookup = (host: string, options: Parameters<typeof guard.lookup>[1]) =>
    new Promise<readonly unknown[]>((resolve) => {
      guard.lookup(host, options, (...answer) => resolve(answer));
    });

  test.each([
    [{ all: true }, [null, found]],
    [{ all: true, family: 4 }, [null, [v4('8.8.8.8')]]],
    [{ all: true, family: 'IPv6' as const }, [null, [v6('2606:4700::1111')]]],
    [{ all: true, family: 0 }, [null, found]],
    [{}, [null, '2606:4700::1111', 6]],
    [{ family: 4 }, [null, '8.8.8.8', 4]],
    [{ family: 'IPv4' as const }, [null, '8.8.8.8', 4]],
  ])('with %j answers %j', async (options, expected) => {
    expect(await lookup('example.com', options)).toEqual(expected);
  });

  test('answers a denial with the error', async () => {
    const [error] = await lookup('other.example', { all: true });
    expect(error).toMatchObject({ name: 'EgressError', code: 'DENIED', reason: 'host-not-allowed' });
  });

  test('a family that the name does not have is unresolved; one that is not asked for is checked too', async () => {
    const six = guardThatFinds(() => Promise.resolve([v6('2606:4700::1111')])).guard;
    const mixed = guardThatFinds(() => Promise.resolve([v4('8.8.8.8'), v6('fe80::1')])).guard;
    expect(await lookupErrorOf(six)).toMatchObject({ code: 'UNRESOLVED' });
    expect(await lookupErrorOf(mixed)).toMatchObject({ code: 'DENIED' });
  });
});

function lookupErrorOf({ lookup }: EgressGuard): Promise<unknown> {
  return new Promise((resolve) => {
    lookup('example.com', { family: 4 }, (error) => resolve(error));
  });
}
