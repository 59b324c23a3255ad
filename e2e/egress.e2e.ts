import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { stringify } from 'yaml';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { guestPath } from './fixtures/guests.ts';
import { listenerPort, type NetworkNamespace, openNetworkNamespace } from './fixtures/network-namespace.ts';
import { podManifest } from './fixtures/pods.ts';
import { describeWith } from './fixtures/requirements.ts';
import type { FinishedProcess } from './fixtures/running-process.ts';
import { openScratchDirectory, type ScratchDirectory } from './fixtures/scratch-directory.ts';
import { writeCommands } from './fixtures/wasmlet.ts';

const privateAddress = '10.99.0.1';
const metadataAddress = '169.254.169.254';
const publicAddress = '93.184.216.34';
const everywhere = [publicAddress, privateAddress, metadataAddress, '127.0.0.1'];

await describeWith('what leaves a pod, in a network of its own', ['network namespace'], () => {
  let network: NetworkNamespace;
  let scratch: ScratchDirectory;
  let commands: string;

  beforeAll(async () => {
    scratch = await openScratchDirectory('egress');
    commands = await writeCommands(join(scratch.path, 'bin'), {});
    network = await openNetworkNamespace([privateAddress, metadataAddress, publicAddress]);
  });
  afterAll(async () => {
    await network?.[Symbol.asyncDispose]();
    await scratch?.[Symbol.asyncDispose]();
  });

  test.each(everywhere)('nothing, to %s, without the annotation', async (address) => {
    expect(await outcome(await play({ asks: url(address) }))).toEqual(denied);
  });

  test.each(everywhere)('nothing, to %s, when the annotation names another host', async (address) => {
    expect(
      await outcome(
        await play({ asks: url(address), allowed: ['https://catfact.ninja/fact'], grants: ['0.0.0.0/0'] }),
      ),
    ).toEqual(denied);
  });

  test.each([privateAddress, metadataAddress, '127.0.0.1'])(
    "nothing, to %s, without the operator's word",
    async (address) => {
      expect(await outcome(await play({ asks: url(address), allowed: [url(address)] }))).toEqual(denied);
    },
  );

  test('nothing to the metadata address, whatever the operator says', async () => {
    expect(
      await outcome(
        await play({
          asks: url(metadataAddress),
          allowed: [url(metadataAddress)],
          grants: ['169.254.0.0/16'],
        }),
      ),
    ).toEqual(denied);
  });

  // The counters above mean something only if they move when a request is made.
  test('one connection, to a private address that annotation and operator allow', async () => {
    const before = { connections: network.connections().length, ...(await network.counters()) };
    const { stdout } = await play({
      asks: url(privateAddress),
      allowed: [url(privateAddress)],
      grants: [`${privateAddress}/32`],
    });
    expect(stdout).toContain('Cat Fact: Nobody should have asked.');
    expect(network.connections().slice(before.connections)).toEqual([privateAddress]);
    expect((await network.counters()).tcpOpened).toBe(before.tcpOpened + 1);
  });

  /** What the guest said and what the network saw, in a form to compare with {@link denied}. */
  async function outcome({ stdout, stderr }: FinishedProcess) {
    return {
      toldTheGuest: stdout.includes('Wasi error 7'),
      failedThePod: stderr.includes('pod asks failed'),
      connections: network.connections(),
      ...(await network.counters()),
    };
  }

  /** A pod that asks once: the interval is longer than `timeout` lets it live. */
  async function play(pod: {
    readonly asks: string;
    readonly allowed?: readonly string[];
    readonly grants?: readonly string[];
  }): Promise<FinishedProcess> {
    const manifest = podManifest({
      name: 'asks',
      image: `fs/${guestPath('cat-facts')}`,
      env: [
        { name: 'RUST_LOG', value: 'info' },
        { name: 'CAT_FACTS_URL', value: pod.asks },
        { name: 'CAT_FACTS_INTERVAL', value: '600' },
      ],
      ...(pod.allowed === undefined
        ? {}
        : { annotations: { 'alpha.wasi.krustlet.dev/allowed-domains': JSON.stringify(pod.allowed) } }),
      spec: { activeDeadlineSeconds: 5 },
    });
    const file = join(scratch.path, 'pod.yaml');
    await writeFile(file, stringify(manifest));
    return network.run(
      join(commands, 'wasmlet'),
      [
        'play',
        '--x-allow-local-modules',
        ...(pod.grants ?? []).map((grant) => `--egress-allow=${grant}`),
        file,
      ],
      { env: { PATH: process.env['PATH'], HOME: scratch.path } },
    );
  }
});

const denied = { toldTheGuest: true, failedThePod: true, connections: [], tcpOpened: 0, udpSent: 0 };

function url(address: string): string {
  return `http://${address}:${listenerPort}/fact`;
}
