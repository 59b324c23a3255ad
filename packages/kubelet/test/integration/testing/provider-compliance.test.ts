import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Container, Provider } from '../../../src/provider.ts';
import { type ComplianceSetup, createScriptedProvider, providerCompliance } from '../../../src/testing.ts';

async function setUp(
  change: (provider: Provider) => Provider = (provider) => provider,
): Promise<ComplianceSetup> {
  const directory = await mkdtemp(join(tmpdir(), 'kubelet-compliance-'));
  const scripted = createScriptedProvider({
    images: {
      printer: { runs: [{ lines: ['hello'] }] },
      failing: { runs: [{ exitCode: 3 }] },
      lasting: { runs: [{ lastsMs: 'forever' }] },
      trapping: { runs: [{ trap: 'unreachable' }] },
    },
  });
  return {
    provider: change(scripted),
    directory,
    printer: { image: 'printer', line: 'hello' },
    failing: { image: 'failing', exitCode: 3 },
    lasting: { image: 'lasting' },
    trapping: { image: 'trapping' },
    absentImage: 'nowhere/nothing:1',
    invalidImage: 'NOT A REFERENCE',
    async [Symbol.asyncDispose]() {
      await scripted[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

describe('the scripted provider', () => {
  test.each(providerCompliance(() => setUp()).map((one) => [one.name, one] as const))(
    '%s',
    async (_name, one) => {
      await expect(one.run()).resolves.toBeUndefined();
    },
  );
});

/** The same containers, changed. */
function withContainers(provider: Provider, change: (container: Container) => Container): Provider {
  return {
    ...provider,
    async openPod(spec, options) {
      const pod = await provider.openPod(spec, options);
      return {
        ...pod,
        [Symbol.asyncDispose]: () => pod[Symbol.asyncDispose](),
        startContainer: async (container, abort) => change(await pod.startContainer(container, abort)),
      };
    },
  };
}

describe('a provider that is wrong does not pass', () => {
  test.each<[string, string, (provider: Provider) => Provider]>([
    [
      'forgets exit codes',
      'says with which code a container has ended',
      (provider) =>
        withContainers(provider, (container) => ({
          ...container,
          exited: container.exited.then((exit) => ({ ...exit, exitCode: 1 })),
        })),
    ],
    [
      'reuses ids',
      'gives every run another id and its own log',
      (provider) => withContainers(provider, (container) => ({ ...container, id: 'same' })),
    ],
    [
      'pulls under Never',
      'pulls nothing under the policy Never',
      (provider) => ({
        ...provider,
        pullImage: (image) => provider.pullImage({ ...image, reference: 'printer', policy: 'Always' }),
      }),
    ],
    [
      'throws whatever it likes',
      'tells an image that there is not from a name that is none',
      (provider) => ({ ...provider, pullImage: () => Promise.reject(new Error('404')) }),
    ],
    [
      'calls itself linux',
      'describes the node in values that the API server takes, the same each time',
      (provider) => ({ ...provider, describe: () => ({ ...provider.describe(), os: 'linux' }) }),
    ],
  ])('as it %s', async (_title, name, change) => {
    const found = providerCompliance(() => setUp(change)).find((one) => one.name === name);
    await expect(found?.run()).rejects.toMatchObject({ name: 'AssertionError' });
  });
});
