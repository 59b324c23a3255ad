import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import {
  establishNodeIdentity,
  type NodeIdentity,
  type NodeIdentityOptions,
} from '../../../src/certificates/node-identity.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';
import { type SigningApi, startSigningApi } from '../../fixtures/signing-api.ts';

// Keys, TLS and certificates take their time on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

export const bootstrapUser = { token: 'abcdef.0123456789abcdef' };

export interface IdentitySetup extends AsyncDisposable {
  readonly signing: SigningApi;
  readonly time: ReturnType<typeof virtualClock>;
  readonly directory: string;
  readonly prompts: readonly string[];
  readonly kubeconfigPath: string;
  /** With a bootstrap file, unless `options` say otherwise. */
  establish(options?: Partial<NodeIdentityOptions>): Promise<NodeIdentity>;
}

/** An API server with a CA, and an empty data directory with a bootstrap file beside it. */
export async function setUpIdentity(start?: Date): Promise<IdentitySetup> {
  const signing = await startSigningApi();
  const time = virtualClock(start);
  const directory = await mkdtemp(join(tmpdir(), 'kubelet-identity-'));
  const bootstrapFile = join(directory, 'bootstrap.conf');
  await writeFile(bootstrapFile, signing.kubeconfig(bootstrapUser));
  const prompts: string[] = [];
  const kubeconfigPath = join(directory, 'config/kubeconfig');
  return {
    signing,
    time,
    directory,
    prompts,
    kubeconfigPath,
    establish: (options = {}) =>
      establishNodeIdentity({
        nodeName: 'n1',
        hostname: 'host',
        addresses: ['192.0.2.1'],
        dataDirectory: directory,
        kubeconfigPath,
        bootstrapFile,
        onPrompt: (line) => prompts.push(line),
        clock: time.clock,
        random: () => 0,
        signal: new AbortController().signal,
        ...options,
      }),
    async [Symbol.asyncDispose]() {
      await signing[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
      expect(time.sleeping).toBe(0);
    },
  };
}
