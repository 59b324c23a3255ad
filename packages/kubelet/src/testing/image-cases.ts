import assert from 'node:assert/strict';
import { type ComplianceCheck, pull, rejectsWith } from './compliance-node.ts';

const labelValue = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** What a provider says of itself, and how it pulls. */
export const imageCases: readonly ComplianceCheck[] = [
  {
    name: 'describes the node in values that the API server takes, the same each time',
    async check({ provider }) {
      const description = provider.describe();
      assert.deepEqual(provider.describe(), description);
      const { arch, os, runtimeName, runtimeVersion, handlers, platforms } = description;
      for (const value of [arch, os, ...handlers]) assert.match(value, labelValue);
      assert.ok(os !== 'linux' && os !== 'windows', 'DaemonSets for other nodes would come here');
      assert.match(runtimeName, /^[a-z0-9][a-z0-9.-]*$/);
      assert.match(runtimeVersion, /^[0-9A-Za-z.+-]+$/);
      assert.equal(new Set(handlers).size, handlers.length);
      for (const platform of platforms) assert.match(platform, /^[^/\s]+\/[^/\s]+$/);
    },
  },
  {
    name: 'is healthy',
    async check({ provider }) {
      assert.deepEqual(await provider.health(), { healthy: true });
    },
  },
  {
    name: 'makes an image present and says what it is',
    async check(setup) {
      const { image } = setup.printer;
      const pulled = await pull(setup, image);
      assert.equal(pulled.reference, image);
      assert.match(pulled.digest, /^sha256:[0-9a-f]{64}$/);
      assert.ok(
        pulled.imageId.endsWith(`@${pulled.digest}`),
        `imageId ${pulled.imageId} does not end in the digest`,
      );
      assert.ok(pulled.sizeBytes > 0 && pulled.durationMs >= 0);
      assert.match(pulled.platform, /^[^/\s]+\/[^/\s]+$/);
    },
  },
  {
    name: 'does not pull twice what is here, and finds it under every policy',
    async check(setup) {
      const { image } = setup.printer;
      const first = await pull(setup, image);
      const again = await pull(setup, image);
      assert.equal(again.pulled, false);
      for (const policy of ['Always', 'Never'] as const) {
        assert.equal((await pull(setup, image, policy)).digest, first.digest);
      }
      assert.equal(again.imageId, first.imageId);
    },
  },
  {
    name: 'pulls for many at once',
    async check(setup) {
      const images = await Promise.all(Array.from({ length: 8 }, () => pull(setup, setup.printer.image)));
      assert.equal(new Set(images.map(({ digest }) => digest)).size, 1);
    },
  },
  {
    name: 'pulls nothing under the policy Never',
    async check(setup) {
      await rejectsWith(pull(setup, setup.absentImage, 'Never'), 'IMAGE_NEVER_PULL');
    },
  },
  {
    name: 'tells an image that there is not from a name that is none',
    async check(setup) {
      for (const policy of ['Always', 'IfNotPresent'] as const) {
        await rejectsWith(pull(setup, setup.absentImage, policy), 'IMAGE_PULL', 'REGISTRY_UNAVAILABLE');
        await rejectsWith(pull(setup, setup.invalidImage, policy), 'INVALID_IMAGE_NAME');
      }
    },
  },
  {
    name: 'gives a pull up with its signal',
    async check({ provider, printer }) {
      const reason = new Error('the pod was deleted');
      const signal = AbortSignal.abort(reason);
      const request = { reference: printer.image, policy: 'Always', credentials: [] } as const;
      await assert.rejects(provider.pullImage(request, { signal }), (error) => error === reason);
    },
  },
];
