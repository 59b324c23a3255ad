import { type ContainerSpec, ProviderError } from '@wasmlet/kubelet/provider';
import type { GuestSpec } from '@wasmlet/wasm-runtime';

/** Program name that guests see; empty text for none. Overrides what the image's format says. */
export const argv0Annotation = 'wasmlet.dev/argv0';

export interface GuestSpecInput {
  readonly container: ContainerSpec;
  readonly annotations: Readonly<Record<string, string>>;
  readonly module: Uint8Array;
  /** Format of the image: decides whether the guest sees a program name. */
  readonly format: ImageFormat;
  readonly hostModules: HostModules;
}

/** Imports beside WASI, with their policies. */
export type HostModules = NonNullable<GuestSpec['hostModules']>;

/** `wasm-to-oci` artifacts are Krustlet's; `local` is a file on this machine. */
export type ImageFormat = 'wasm-to-oci' | 'cncf' | 'local';

/** What the runtime is told to run for a container. A pure function of its input. */
export function guestSpec({
  container,
  annotations,
  module,
  format,
  hostModules,
}: GuestSpecInput): GuestSpec {
  const { memoryLimitBytes } = container.resources;
  return {
    name: container.name,
    module,
    args: argv(container, annotations[argv0Annotation], format),
    env: container.env.map(({ name, value }) => [name, value] as const),
    mounts: container.mounts.map(({ hostPath, root, containerPath, readOnly }) => ({
      hostPath,
      ...(root === undefined ? {} : { root }),
      guestPath: containerPath,
      readOnly,
    })),
    stdin: 'none',
    tty: container.tty,
    output: { kind: 'cri-log', path: container.logPath },
    limits: memoryLimitBytes === undefined ? {} : { memoryBytes: memoryLimitBytes },
    hostModules,
  };
}

/**
 * The pod's `command` wins whole. Without it, Krustlet's images get `args` exactly, since their programs
 * index from 0; every other format gets a program name first. The annotation overrides both.
 */
function argv(container: ContainerSpec, argv0: string | undefined, format: ImageFormat): readonly string[] {
  const args = container.args ?? [];
  if (argv0 !== undefined) return argv0 === '' ? args : [argv0, ...(container.command ?? []), ...args];
  if (container.command !== undefined) return [...container.command, ...args];
  return format === 'wasm-to-oci' ? args : [programName(container.image.reference), ...args];
}

/** Last part of the repository: `ghcr.io/me/rust-wasm:1` → `rust-wasm`. */
function programName(reference: string): string {
  const path = reference.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (name === '') throw new ProviderError('INVALID_IMAGE_NAME', `image "${reference}" has no name`);
  return name;
}
