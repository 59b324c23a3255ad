import {
  type Container,
  type ContainerSpec,
  type PodSandbox,
  type PodSandboxSpec,
  ProviderError,
} from '@wasmlet/kubelet/provider';
import { readServerReport } from '@wasmlet/wasi-http';
import type { GuestReport, Sandbox, WasmRuntime } from '@wasmlet/wasm-runtime';
import { providerFailure } from './error-mapping.ts';
import { containerExit } from './exit-mapping.ts';
import { guestSpec } from './guest-spec.ts';
import { egressFromAnnotations, type OperatorEgress } from './http-policy.ts';
import { httpServer } from './http-server.ts';
import type { ImageSource, RunnableImage } from './images/image-source.ts';
import type { ImageUse } from './images/image-use.ts';
import type { LiveGuests } from './live-guests.ts';

/** How a pod's guests are kept apart from others; see the runtime's `Isolation`. */
export type PodIsolation = 'process' | 'thread';

export interface PodSandboxParts {
  readonly runtime: WasmRuntime;
  readonly isolation: PodIsolation;
  readonly images: Pick<ImageSource, 'load' | 'use'>;
  readonly live: LiveGuests;
  readonly egress: OperatorEgress;
  /** Address of this machine that servers of pods listen on. */
  readonly address: string;
  readonly onReport: (container: string, report: GuestReport) => void;
  readonly onClose: () => void;
}

/** A pod's place in the runtime. */
export async function openPodSandbox(pod: PodSandboxSpec, parts: PodSandboxParts): Promise<PodSandbox> {
  const sandbox = await parts.runtime.openSandbox({
    id: pod.uid,
    directories: [pod.directory],
    // A namespace is what pods share, and so may processes be.
    ...(parts.isolation === 'thread' ? { group: pod.namespace } : {}),
  });
  const use = parts.images.use();
  return {
    ips: [],
    async startContainer(spec, { signal } = {}) {
      try {
        return await startContainer(spec, pod, { ...parts, sandbox, use }, signal);
      } catch (error) {
        signal?.throwIfAborted();
        throw providerFailure(error);
      }
    },
    async [Symbol.asyncDispose]() {
      await sandbox[Symbol.asyncDispose]();
      await use[Symbol.asyncDispose]();
      parts.onClose();
    },
  };
}

interface OpenSandboxParts extends PodSandboxParts {
  readonly sandbox: Sandbox;
  readonly use: ImageUse;
}

async function startContainer(
  container: ContainerSpec,
  pod: PodSandboxSpec,
  { images, isolation, live, egress: operator, address, onReport, sandbox, use }: OpenSandboxParts,
  signal: AbortSignal | undefined,
): Promise<Container> {
  const { annotations } = pod;
  const egress = egressFromAnnotations(annotations, operator);
  await use.hold(container.image);
  const image = await images.load(container, signal);
  checkKind(image, container);
  const { module, form } = image;
  const guest = await sandbox.start(
    {
      ...guestSpec({
        container,
        annotations,
        module,
        form,
        isolation,
        hostModules:
          image.kind === 'component'
            ? [egress.http.component, httpServer(container, annotations, address)]
            : [egress.http.module],
        platform: process.platform,
      }),
      egress: egress.sockets,
    },
    signal === undefined ? {} : { signal },
  );
  live.add(pod, container.name, guest);
  guest.onReport((report) => {
    if (readServerReport(report.report) === undefined) onReport(container.name, report);
  });
  return {
    id: guest.id,
    startedAt: guest.startedAt,
    exited: guest.exited.then(containerExit),
    stop: async (options) => containerExit(await guest.stop(options)),
  };
}

function checkKind({ kind }: RunnableImage, { image }: ContainerSpec): void {
  if (kind === 'module' || kind === 'component') return;
  const problems = {
    'wit-package': 'holds a WIT package, which is interface types with nothing in it to run',
    'not-wasm': 'holds no WebAssembly',
  };
  throw new ProviderError('CONTAINER_CREATE', `image "${image.reference}" ${problems[kind]}`);
}
