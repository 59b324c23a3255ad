import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type Container,
  type ContainerExit,
  type ContainerSpec,
  type PodSandbox,
  type PodSandboxSpec,
  ProviderError,
  type ProviderErrorCode,
  type PulledImage,
} from '../provider.ts';
import type { ComplianceGuest, ComplianceSetup } from './compliance-setup.ts';

/** A case before it has a setup. */
export interface ComplianceCheck {
  readonly name: string;
  readonly check: (setup: ComplianceSetup) => Promise<void>;
}

/** A container that was started as the kubelet starts one. */
export interface StartedContainer {
  readonly container: Container;
  readonly spec: ContainerSpec;
}

export function pull(
  { provider }: ComplianceSetup,
  reference: string,
  policy: 'Always' | 'IfNotPresent' | 'Never' = 'IfNotPresent',
): Promise<PulledImage> {
  return provider.pullImage({ reference, policy, credentials: [] });
}

export async function podSpec({ directory }: ComplianceSetup, uid = 'uid-1'): Promise<PodSandboxSpec> {
  const volumes = join(directory, 'pods', uid, 'volumes');
  await mkdir(volumes, { recursive: true });
  return {
    namespace: 'default',
    name: `pod-${uid}`,
    uid,
    annotations: {},
    labels: {},
    hostname: 'pod',
    runtimeHandler: '',
    directory: volumes,
  };
}

export async function openPod(setup: ComplianceSetup, uid?: string): Promise<PodSandbox> {
  return setup.provider.openPod(await podSpec(setup, uid));
}

/** Pulls a guest's image and starts it in `pod`. */
export async function start(
  setup: ComplianceSetup,
  pod: PodSandbox,
  guest: ComplianceGuest,
  options: Partial<ContainerSpec> = {},
): Promise<StartedContainer> {
  const spec = await containerSpec(setup, guest, options);
  return { container: await pod.startContainer(spec), spec };
}

export async function containerSpec(
  setup: ComplianceSetup,
  { image, command, args }: ComplianceGuest,
  options: Partial<ContainerSpec> = {},
): Promise<ContainerSpec> {
  const { name = 'main', attempt = 0 } = options;
  const logPath = join(setup.directory, 'logs', name, `${attempt}.log`);
  await mkdir(dirname(logPath), { recursive: true, mode: 0o755 });
  return {
    name,
    attempt,
    image: await pull(setup, image),
    ...(command === undefined ? {} : { command }),
    ...(args === undefined ? {} : { args }),
    env: [],
    mounts: [],
    ports: [],
    resources: {},
    stdin: false,
    tty: false,
    logPath,
    ...options,
  };
}

/** Runs a guest in a pod of its own to its end, and reads what it wrote. */
export async function runToEnd(
  setup: ComplianceSetup,
  guest: ComplianceGuest,
  options?: Partial<ContainerSpec>,
): Promise<{ readonly exit: ContainerExit; readonly output: readonly string[] }> {
  await using pod = await openPod(setup);
  const { container, spec } = await start(setup, pod, guest, options);
  const exit = await container.exited;
  return { exit, output: await readOutput(spec.logPath) };
}

/** Lines of a log in CRI format, without time, stream and tag. */
export async function readOutput(logPath: string): Promise<readonly string[]> {
  const text = await readFile(logPath, 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const match =
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d) (?:stdout|stderr) [FP] (.*)$/.exec(
          line,
        );
      assert.ok(match, `a line of the log is not in CRI format: ${JSON.stringify(line)}`);
      return match[1] ?? '';
    });
}

/** Asserts that it rejects with a `ProviderError` of one of these codes and a message for people. */
export async function rejectsWith(
  promise: Promise<unknown>,
  ...codes: readonly ProviderErrorCode[]
): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof ProviderError, `not a ProviderError: ${String(error)}`);
    assert.ok(
      codes.includes(error.code),
      `code ${error.code} instead of ${codes.join(' or ')}: ${error.message}`,
    );
    assert.notEqual(error.message, '');
    return true;
  });
}
