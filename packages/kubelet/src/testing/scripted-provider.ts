import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../node/clock.ts';
import { systemClock } from '../node/clock.ts';
import {
  type Health,
  type ImagePull,
  type NodeDescription,
  type PodSandboxSpec,
  type Provider,
  ProviderError,
} from '../provider.ts';
import { type ScriptedImage, scriptOf } from './scripted-image.ts';
import { openScriptedSandbox, type ScriptedContainer, type ScriptedSandbox } from './scripted-sandbox.ts';

export interface ScriptedProviderOptions {
  /** By reference; others do not exist. May be added to later. */
  readonly images: Readonly<Record<string, ScriptedImage>>;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** Addresses of every pod. @default none of its own */
  readonly podIPs?: readonly string[];
}

/** A provider that runs nothing, with all the behaviour of one: for tests of what is built around it. */
export interface ScriptedProvider extends Provider {
  /** Those that run now. */
  readonly running: readonly ScriptedContainer[];
  /** Every container that was started, in order. */
  readonly started: readonly ScriptedContainer[];
  /** Every pull that was asked for, in order. */
  readonly pulls: readonly ImagePull[];
  /** Pods that are open. */
  readonly sandboxes: ReadonlyMap<string, ScriptedSandbox>;
  /** What {@link Provider.health} answers from now on. */
  setHealth(health: Health): void;
}

export function createScriptedProvider(options: ScriptedProviderOptions): ScriptedProvider {
  const clock = options.clock ?? systemClock;
  const started: ScriptedContainer[] = [];
  const pulls: ImagePull[] = [];
  const present = new Set<string>();
  const failures = new Map<string, number>();
  const sandboxes = new Map<string, ScriptedSandbox>();
  let health: Health = { healthy: true };

  return {
    started,
    pulls,
    sandboxes,
    get running() {
      return started.filter(({ exit }) => exit === undefined);
    },
    setHealth(next) {
      health = next;
    },
    describe: () => description,
    health: () => Promise.resolve(health),

    async pullImage(image, { signal } = {}) {
      signal?.throwIfAborted();
      pulls.push(image);
      const { reference, policy } = image;
      const script = options.images[reference];
      const here = present.has(reference) || script?.present === true;
      const answer = {
        reference,
        imageId: imageId(reference),
        digest,
        sizeBytes: 1024,
        platform: 'test/test',
      };
      if (here && policy !== 'Always') return { ...answer, pulled: false, durationMs: 0 };
      if (policy === 'Never') {
        throw new ProviderError(
          'IMAGE_NEVER_PULL',
          `Container image "${reference}" is not present with pull policy of Never`,
        );
      }
      if (!/^[a-z0-9]/.test(reference)) {
        throw new ProviderError('INVALID_IMAGE_NAME', `couldn't parse image name "${reference}"`);
      }
      const takesMs = script?.pull?.takesMs ?? 0;
      if (takesMs > 0) await clock.sleep(takesMs, signal === undefined ? {} : { signal });
      if (script === undefined) throw new ProviderError('IMAGE_PULL', `${reference}: not found`);
      const failed = failures.get(reference) ?? 0;
      if (failed < (script.pull?.failures ?? 0)) {
        failures.set(reference, failed + 1);
        const { code = 'IMAGE_PULL', message = `${reference}: not found` } = script.pull ?? {};
        throw new ProviderError(code, message);
      }
      present.add(reference);
      return { ...answer, pulled: !here, durationMs: takesMs };
    },

    async openPod(spec: PodSandboxSpec, { signal } = {}) {
      await setImmediate();
      signal?.throwIfAborted();
      const open = sandboxes.get(spec.uid);
      if (open !== undefined) return open;
      const sandbox = openScriptedSandbox(spec, {
        ips: options.podIPs ?? [],
        clock,
        script: (reference, run) => scriptOf(options.images[reference], run),
        onStart: (container) => started.push(container),
        onClose: () => sandboxes.delete(spec.uid),
      });
      sandboxes.set(spec.uid, sandbox);
      return sandbox;
    },

    async [Symbol.asyncDispose]() {
      await Promise.all([...sandboxes.values()].map((sandbox) => sandbox[Symbol.asyncDispose]()));
    },
  };
}

const description: NodeDescription = {
  arch: 'wasm32-test',
  os: 'test',
  architecture: 'wasm-test',
  runtimeName: 'scripted',
  runtimeVersion: '1.0.0',
  handlers: [],
  platforms: ['test/test'],
};

const digest = `sha256:${'0'.repeat(64)}`;

function imageId(reference: string): string {
  return `${reference.replace(/[:@][^/]*$/, '')}@${digest}`;
}
