import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findNodeAddress } from '../../src/daemon/node-address.ts';
import { openScratchDirectory } from '../../src/local/scratch-directory.ts';
import { kubeconfigOf } from '../fixtures/api-server.ts';

test('a node that listens on one address has that one', async () => {
  expect(await findNodeAddress({ listen: '192.0.2.7', kubeconfigs: [] })).toBe('192.0.2.7');
});

test('else the one from which it reaches the server of the first kubeconfig that there is', async () => {
  await using scratch = await openScratchDirectory();
  const kubeconfig = join(scratch.path, 'boot.conf');
  await writeFile(kubeconfig, kubeconfigOf('https://localhost:6443'));
  const kubeconfigs = [join(scratch.path, 'missing.conf'), kubeconfig];
  expect(await findNodeAddress({ listen: '0.0.0.0', kubeconfigs })).toMatch(/^(127\.0\.0\.1|::1)$/);
});

test('else one of the machine that is not loopback, or it asks for one', async () => {
  const found = await findNodeAddress({ listen: '::', kubeconfigs: [] }).catch(
    (error: Error) => error.message,
  );
  expect(found).toMatch(/^(?!127\.)[\d.]+$|^(?!::1$)[\da-f:]+$|--node-ip/);
});
