import { describe, expect, test } from 'vitest';
import type { BoundTokenRequest, TokenIssuer } from '../../../src/cluster/cluster.ts';
import { ClusterError } from '../../../src/cluster/cluster.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';
import { createTokenSource } from '../../../src/volumes/service-account-token.ts';
import { testPod } from './volume-fixtures.ts';

const minute = 60_000;
const hour = 60 * minute;

/** Issues tokens `t1`, `t2`… that live for `lifeMs`, unless it is down. */
function issuer(now: () => Date, lifeMs: number) {
  const state = { requests: [] as BoundTokenRequest[], down: false };
  const tokens: TokenIssuer = {
    request(request) {
      state.requests.push(request);
      if (state.down) return Promise.reject(new ClusterError('Unavailable', 'down'));
      const token = `t${state.requests.length}`;
      return Promise.resolve({ token, expiresAt: new Date(now().getTime() + lifeMs) });
    },
  };
  return { tokens, state };
}

function setUp(lifeMs: number, random = 0) {
  const time = virtualClock();
  const { tokens, state } = issuer(() => time.clock.now(), lifeMs);
  const source = createTokenSource({
    tokens,
    pod: testPod({ serviceAccountName: 'builder' }),
    projection: { path: 'token', audience: 'vault', expirationSeconds: 7_200 },
    clock: time.clock,
    random: () => random,
  });
  return { time, state, token: async () => (await source.current()).token };
}

describe('a service-account token', () => {
  test('is asked for with audience, lifetime and pod', async () => {
    const { token, state } = setUp(hour);
    expect(await token()).toBe('t1');
    expect(state.requests).toEqual([
      {
        namespace: 'ns',
        serviceAccount: 'builder',
        audience: 'vault',
        expirationSeconds: 7_200,
        pod: { namespace: 'ns', name: 'p', uid: 'u-1' },
      },
    ]);
  });

  test('is for the API server itself, for an hour, of the default account, when nothing else is said', async () => {
    const { clock } = virtualClock();
    const { tokens, state } = issuer(() => clock.now(), hour);
    const source = createTokenSource({
      tokens,
      pod: testPod({}),
      projection: { path: 'token' },
      clock,
      random: () => 0,
    });
    await source.current();
    expect(state.requests[0]).toMatchObject({ serviceAccount: 'default', expirationSeconds: 3_600 });
    expect(state.requests[0]).not.toHaveProperty('audience');
  });

  test('is used for 80 % of its life', async () => {
    const { time, token } = setUp(hour);
    await token();
    await time.advance(48 * minute - 1);
    expect(await token()).toBe('t1');
    await time.advance(1);
    expect(await token()).toBe('t2');
  });

  test('is used for a day at most', async () => {
    const { time, token } = setUp(365 * 24 * hour);
    await token();
    await time.advance(24 * hour - 1);
    expect(await token()).toBe('t1');
    await time.advance(1);
    expect(await token()).toBe('t2');
  });

  test('is renewed up to ten seconds earlier, so that many pods do not ask at once', async () => {
    const { time, token } = setUp(hour, 1);
    await token();
    await time.advance(48 * minute - 10_000);
    expect(await token()).toBe('t2');
  });

  test('is kept while it is valid when no new one can be had, which is tried every minute', async () => {
    const { time, token, state } = setUp(hour);
    await token();
    state.down = true;
    await time.advance(48 * minute);
    expect(await token()).toBe('t1');
    expect(await token()).toBe('t1');
    expect(state.requests.length).toBe(2);
    await time.advance(minute);
    expect(await token()).toBe('t1');
    expect(state.requests.length).toBe(3);
    state.down = false;
    await time.advance(minute);
    expect(await token()).toBe('t4');
  });

  test('fails once it has expired and no new one can be had', async () => {
    const { time, token, state } = setUp(hour);
    await token();
    state.down = true;
    await time.advance(hour);
    await expect(token()).rejects.toThrow('down');
  });

  test('is not asked for again and again when the server makes very short ones', async () => {
    const { time, token, state } = setUp(1_000);
    await token();
    await time.advance(9_999);
    await token();
    expect(state.requests.length).toBe(1);
  });
});
