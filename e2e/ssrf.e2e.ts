import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { publicAddress, ssrfCases, ssrfNames } from '../packages/egress/test/fixtures/ssrf-cases.ts';
import { type NetworkNamespace, openNetworkNamespace } from './fixtures/network-namespace.ts';
import { describeWith } from './fixtures/requirements.ts';
import type { Outcomes } from './fixtures/ssrf-attacks.ts';

/** A proxy that answers, and that nobody is to ask. */
const proxy = 'http://10.99.0.1:8080';

await describeWith('guests that want to go where they must not', ['network namespace'], () => {
  let network: NetworkNamespace;

  beforeAll(async () => {
    network = await openNetworkNamespace([], {
      everyAddress: true,
      names: ssrfNames,
      rebinding: { domain: 'rebinding.test', addresses: [publicAddress, '169.254.169.254'] },
    });
  });
  afterAll(() => network?.[Symbol.asyncDispose]());

  test.each([
    ['experimental http', ssrfCases.length],
    ['wasi:http', 90],
    ['sockets', 80],
    ['name lookup', 80],
  ])('by %s: nothing has left, nor was a name asked for', async (way, least) => {
    const outcomes = (await attack(way)) as Outcomes;
    expect(Object.keys(outcomes).length).toBeGreaterThanOrEqual(least);
    expect(Object.entries(outcomes).filter(([, outcome]) => !/^\d+$/.test(outcome))).toEqual([]);
    expect(network.connections()).toEqual([]);
    expect(await network.counters()).toEqual({ tcpOpened: 0, udpSent: 0 });
    expect(await network.packets()).toEqual({ ipv4: 0, udp6: 0 });
  });

  test('by redirects: nothing but the first hop', async () => {
    const outcomes = (await attack('redirects')) as Outcomes;
    expect(Object.keys(outcomes).length).toBeGreaterThanOrEqual(80);
    const done = Object.entries(outcomes).filter(([, outcome]) => outcome === 'done');
    // What is no URL is led to by nobody: that response is the guest's.
    const invalid = ssrfCases.filter(({ reason }) => reason === 'invalid-url').map(({ title }) => title);
    expect(done.map(([title]) => title).filter((title) => !invalid.includes(title))).toEqual([]);
    expect(network.connections().length).toBeGreaterThan(0);
    expect(new Set(network.connections())).toEqual(new Set([publicAddress]));
    expect(await network.counters()).toEqual({ tcpOpened: network.connections().length, udpSent: 0 });
  });

  test('by names that mean another address the next time: only what was judged', async () => {
    const before = network.connections().length;
    expect(await attack('rebinding')).toEqual({
      'experimental http': ['done', '7'],
      'wasi:http': ['done', '4'],
      sockets: ['done', '20', '1', 'done'],
    });
    expect(network.connections().slice(before)).toEqual([publicAddress, publicAddress, publicAddress]);
  });

  // The counters above mean something only if they move when a connection is made, and past the proxy.
  test('what is allowed and granted is connected to', async () => {
    const before = { connections: network.connections().length, ...(await network.counters()) };
    expect(await attack('allowed')).toEqual(['done', 'done', 'done']);
    expect(network.connections().slice(before.connections)).toEqual(['10.99.0.1', '10.99.0.1', '10.99.0.1']);
    expect((await network.counters()).tcpOpened).toBe(before.tcpOpened + 3);
  });

  async function attack(way: string): Promise<unknown> {
    const script = fileURLToPath(new URL('fixtures/ssrf-attacks.ts', import.meta.url));
    const { code, stdout, stderr } = await network.run(
      process.execPath,
      ['--conditions=@wasmlet/source', script, way],
      {
        env: {
          PATH: process.env['PATH'],
          NODE_USE_ENV_PROXY: '1',
          HTTP_PROXY: proxy,
          HTTPS_PROXY: proxy,
          ALL_PROXY: proxy,
          http_proxy: proxy,
        },
      },
    );
    expect(stderr).toBe('');
    expect(code).toBe(0);
    return JSON.parse(stdout);
  }
});
