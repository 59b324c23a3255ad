import { type ContainerSpec, ProviderError } from '@wasmlet/kubelet/provider';
import { commandOf, entryPointOf } from '@wasmlet/oci-wasm';
import type { GuestSpec } from '@wasmlet/wasm-runtime';
import type { ImageForm } from './images/image-form.ts';

/** Program name that guests see; empty text for none. Overrides what the image's format says. */
export const argv0Annotation = 'wasmlet.dev/argv0';

export interface GuestSpecInput {
  readonly container: ContainerSpec;
  readonly annotations: Readonly<Record<string, string>>;
  readonly module: Uint8Array;
  /** What the image's format says about how it is started. */
  readonly form: ImageForm;
  /** What the pod's RuntimeClass says of how it is kept apart. */
  readonly isolation: NonNullable<GuestSpec['isolation']>;
  readonly hostModules: HostModules;
  /** Of this machine. */
  readonly platform: NodeJS.Platform;
}

/** Imports beside WASI, with their policies. */
export type HostModules = NonNullable<GuestSpec['hostModules']>;

/** What the runtime is told to run for a container. A pure function of its input. */
export function guestSpec(input: GuestSpecInput): GuestSpec {
  const { container, annotations, module, form, isolation, hostModules } = input;
  return {
    name: container.name,
    module,
    args: argv(container, annotations[argv0Annotation], form),
    env: environment(container, form),
    mounts: mounts(container, input.platform).map(({ hostPath, root, containerPath, readOnly }) => ({
      hostPath,
      ...(root === undefined ? {} : { root }),
      guestPath: containerPath,
      readOnly,
    })),
    stdin: 'none',
    tty: container.tty,
    output: { kind: 'cri-log', path: container.logPath },
    limits: limits(container),
    isolation,
    hostModules,
    ...entry(container, form),
  };
}

/** Where nothing can be mounted, containers run that ask for nothing themselves. */
function mounts(
  { mounts: own, terminationLog }: ContainerSpec,
  platform: NodeJS.Platform,
): ContainerSpec['mounts'] {
  return terminationLog === undefined || platform !== 'linux' ? own : [...own, terminationLog];
}

/** A request of one core is a weight of 1024, as the kubelet gives it to containers. */
function limits({ resources }: ContainerSpec): NonNullable<GuestSpec['limits']> {
  const { memoryLimitBytes, cpuLimit, cpuRequest } = resources;
  return {
    ...(memoryLimitBytes === undefined ? {} : { memoryBytes: memoryLimitBytes }),
    ...(cpuRequest === undefined ? {} : { cpuShares: Math.max(2, Math.floor(cpuRequest * 1024)) }),
    // None of it is no limit, to Kubernetes.
    ...(cpuLimit ? { cpuQuota: cpuLimit } : {}),
  };
}

/**
 * Images that say what they run are treated as docker does. For all others the pod's `command` wins whole; without
 * it, Krustlet's images get `args` exactly, since their programs index from 0, and every other format gets a program
 * name first. The annotation overrides the name.
 */
function argv(container: ContainerSpec, argv0: string | undefined, form: ImageForm): readonly string[] {
  if (form.argv === 'image') return imageArgv(container, argv0, form);
  const args = container.args ?? [];
  if (argv0 !== undefined) return argv0 === '' ? args : [argv0, ...(container.command ?? []), ...args];
  if (container.command !== undefined) return [...container.command, ...args];
  return form.argv === 'exact' ? args : [programName(container.image.reference), ...args];
}

function imageArgv(
  container: ContainerSpec,
  argv0: string | undefined,
  { program }: Extract<ImageForm, { argv: 'image' }>,
): readonly string[] {
  const [first, ...args] = commandOf(program, container);
  const own = first === undefined ? programName(container.image.reference) : entryPointOf(first).file;
  const name = argv0 ?? own;
  return name === '' ? args : [name, ...args];
}

/** The image's own is overridden name by name. */
function environment({ env }: ContainerSpec, form: ImageForm): GuestSpec['env'] {
  const pods = env.map(({ name, value }) => [name, value] as const);
  const images = form.argv === 'image' ? form.program.env : form.argv === 'named' ? (form.env ?? []) : [];
  const names = new Set(pods.map(([name]) => name));
  const defaults = new Map(images.filter(([name]) => !names.has(name)));
  return [...defaults, ...pods];
}

/** The function that is called, where what is run names one: `app.wasm#function`. */
function entry(container: ContainerSpec, form: ImageForm): Pick<GuestSpec, 'entry'> {
  const [first] = form.argv === 'image' ? commandOf(form.program, container) : [];
  const called = first === undefined ? undefined : entryPointOf(first).function;
  return called === undefined ? {} : { entry: called };
}

/** Last part of the repository: `ghcr.io/me/rust-wasm:1` → `rust-wasm`. */
function programName(reference: string): string {
  const path = reference.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (name === '') throw new ProviderError('INVALID_IMAGE_NAME', `image "${reference}" has no name`);
  return name;
}
