import { join } from 'node:path';
import {
  type ContainerSpec,
  type ImagePull,
  type PulledImage,
  ProviderError,
} from '@wasmlet/kubelet/provider';
import {
  type AbortOptions,
  commandOf,
  type Credential,
  type CredentialSource,
  type Descriptor,
  formatReference,
  kindOfBinary,
  type LayoutStore,
  OciError,
  type OciErrorCode,
  openLayoutStore,
  parseReference,
  pullArtifact,
  readArtifact,
  readModuleBytes,
  type Reference,
  type RegistryClient,
  type SignaturePolicy,
  type WasmArtifact,
} from '@wasmlet/oci-wasm';
import { providerFailure } from '../error-mapping.ts';
import type { ProviderLogger } from '../provider-logger.ts';
import { type ImageAccess, openImageAccess } from './image-access.ts';
import { type ImageForm, imageForm } from './image-form.ts';
import { createImageSignatures } from './image-signatures.ts';
import { createImageUse, type ImageUse } from './image-use.ts';
import { isLocalModule, readLocalModule } from './local-module.ts';
import { createSharedWork } from './shared-work.ts';

/** Where modules come from: registries by way of the store, or this machine's files. */
export interface ImageSource {
  /** Rejects with {@link ProviderError}. */
  pull(image: ImagePull, signal: AbortSignal | undefined): Promise<PulledImage>;
  /**
   * The binary of an image that has been pulled, verified. Which one an image of files has may depend on what the
   * container runs. Rejects with {@link ProviderError}.
   */
  load(
    container: Pick<ContainerSpec, 'image' | 'command' | 'args'>,
    signal: AbortSignal | undefined,
  ): Promise<RunnableImage>;
  /** For one pod: what it holds is not collected before it is disposed of. */
  use(): ImageUse;
  /** Rejects when it cannot be used. */
  store(this: void): Promise<LayoutStore>;
}

export interface RunnableImage {
  readonly module: Uint8Array;
  readonly form: ImageForm;
  readonly kind: 'module' | 'component' | 'wit-package' | 'not-wasm';
}

export interface ImageSourceOptions {
  readonly client: RegistryClient;
  readonly directory: string;
  /** The node's own, tried after a pod's. */
  readonly credentials: CredentialSource | undefined;
  readonly allowLocalModules: boolean;
  /** What images have to be signed with. */
  readonly signaturePolicy: SignaturePolicy | undefined;
  readonly logger: ProviderLogger;
}

interface Content {
  readonly store: LayoutStore;
  readonly access: ImageAccess;
}

export function createImageSource({
  client,
  directory,
  credentials: nodeCredentials,
  allowLocalModules,
  signaturePolicy,
  logger,
}: ImageSourceOptions): ImageSource {
  const shared = createSharedWork<PulledImage>();
  const signatures = createImageSignatures(signaturePolicy);
  let opening: Promise<Content> | undefined;

  /** Opened when it is first needed, and again while it cannot be. */
  const content = (): Promise<Content> => {
    opening ??= openContent(directory, logger).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };

  const openStore = async (): Promise<LayoutStore> => (await content()).store;

  const findNodeCredentials = async (
    { registry, repository }: Reference,
    signal: AbortSignal,
  ): Promise<readonly Credential[]> => {
    try {
      return (await nodeCredentials?.find({ registry, repository }, { signal })) ?? [];
    } catch (error) {
      signal.throwIfAborted();
      // As upstream: the pull goes on without, and says so when the registry wants some.
      logger.warn({ registry, repository, err: error }, "the node's own credentials could not be had");
      return [];
    }
  };

  const transfer = async (
    image: ImagePull,
    reference: Reference,
    { store, access }: Content,
    signal: AbortSignal,
  ): Promise<PulledImage> => {
    const since = performance.now();
    const own = await findNodeCredentials(reference, signal);
    const credentials = [...image.credentials, ...own];
    const pulled = await pullArtifact({
      from: client,
      to: store,
      reference,
      credentials,
      ...(signaturePolicy === undefined ? {} : { signaturePolicy }),
      signal,
    });
    // What the node may read by itself, any of its pods may.
    const isOwn = pulled.access.kind === 'credential' && own.includes(pulled.access.credential);
    await access.record(
      repositoryOf(reference),
      pulled.digest,
      isOwn ? { kind: 'anonymous' } : pulled.access,
    );
    return describeImage(image, reference, pulled, {
      pulled: pulled.transferred,
      durationMs: performance.now() - since,
    });
  };

  const pull = async (image: ImagePull, signal: AbortSignal | undefined): Promise<PulledImage> => {
    const reference = parse(image.reference);
    const { store, access } = await content();
    if (image.policy !== 'Always') {
      const present = await findPresent(store, reference, signal);
      if (present && access.allows(repositoryOf(reference), present.digest, image.credentials)) {
        const refusal = await signatures.refusal(store, reference, present.digest, signal);
        if (refusal === undefined) {
          return describeImage(image, reference, present, { pulled: false, durationMs: 0 });
        }
        // The registry may have signatures that are not here.
        if (image.policy === 'Never') throw refusal;
      }
    }
    if (image.policy === 'Never') {
      throw new ProviderError(
        'IMAGE_NEVER_PULL',
        `Container image "${image.reference}" is not present with pull policy of Never`,
      );
    }
    // Whoever asks for the same with the same rights waits for one transfer.
    const key = JSON.stringify([formatReference(reference), image.credentials.map(access.fingerprint)]);
    return shared.run(key, (ending) => transfer(image, reference, { store, access }, ending), signal);
  };

  return {
    async pull(image, signal) {
      signal?.throwIfAborted();
      try {
        if (isLocalModule(image.reference)) {
          const { digest, bytes, path } = await readLocalModule(
            image.reference,
            { allowLocalModules, policy: image.policy },
            signal,
          );
          return localImage(image.reference, path, digest, bytes.length);
        }
        const pulled = await pull(image, signal);
        return { ...pulled, reference: image.reference };
      } catch (error) {
        signal?.throwIfAborted();
        throw providerFailure(error);
      }
    },

    async load(container, signal) {
      const { image } = container;
      try {
        if (isLocalModule(image.reference)) {
          const { bytes } = await readLocalModule(
            image.reference,
            { allowLocalModules, digest: image.digest },
            signal,
          );
          return { module: bytes, form: { argv: 'named' }, kind: kindOfBinary(bytes) ?? 'not-wasm' };
        }
        const { store } = await content();
        const abort = signal === undefined ? {} : { signal };
        const artifact = await readArtifact(store, image.digest, abort);
        const form = imageForm(artifact);
        const [entry] = form.argv === 'image' ? commandOf(form.program, container) : [];
        const module = await readModuleBytes(
          store,
          artifact,
          entry === undefined ? abort : { ...abort, entry },
        );
        return { module, form, kind: kindOfBinary(module) ?? 'not-wasm' };
      } catch (error) {
        signal?.throwIfAborted();
        throw startFailure(error, image);
      }
    },

    use: () => createImageUse(openStore, logger),
    store: openStore,
  };
}

/** An image that is here and cannot be run as it is wanted is not one that could not be pulled. */
function startFailure(error: unknown, { reference }: PulledImage): ProviderError {
  const unfit: readonly OciErrorCode[] = ['UNSUPPORTED_ARTIFACT', 'INVALID_LAYER', 'TOO_LARGE'];
  if (!(error instanceof OciError) || !unfit.includes(error.code)) return providerFailure(error);
  return new ProviderError('CONTAINER_CREATE', `image "${reference}": ${error.message}`, { cause: error });
}

async function openContent(directory: string, logger: ProviderLogger): Promise<Content> {
  const store = await openLayoutStore(directory);
  return { store, access: await openImageAccess(join(directory, 'access.json'), logger) };
}

function parse(text: string): Reference {
  try {
    return parseReference(text);
  } catch (error) {
    if (!(error instanceof OciError)) throw error;
    throw new ProviderError(
      'INVALID_IMAGE_NAME',
      `Failed to apply default image tag "${text}": ${error.message}`,
      {
        cause: error,
      },
    );
  }
}

/** What the store has under a reference, if all of it is whole. */
async function findPresent(
  store: LayoutStore,
  reference: Reference,
  signal: AbortSignal | undefined,
): Promise<WasmArtifact | undefined> {
  const abort = signal === undefined ? {} : { signal };
  try {
    const root = await store.resolve(reference, abort);
    const artifact = await readArtifact(store, root.digest, abort);
    return (await hasAll(store, artifact.layers, abort)) ? artifact : undefined;
  } catch (error) {
    signal?.throwIfAborted();
    // Absent or damaged: both are mended by pulling.
    if (error instanceof OciError && error.code !== 'STORE_FAILED') return undefined;
    throw error;
  }
}

async function hasAll(
  store: LayoutStore,
  layers: readonly Descriptor[],
  abort: AbortOptions,
): Promise<boolean> {
  for (const layer of layers) {
    if (!(await store.has(layer, abort))) return false;
  }
  return true;
}

function repositoryOf({ registry, repository }: Reference): string {
  return formatReference({ registry, repository });
}

function describeImage(
  { reference: written }: ImagePull,
  reference: Reference,
  { digest, totalBytes, platform }: WasmArtifact,
  how: Pick<PulledImage, 'pulled' | 'durationMs'>,
): PulledImage {
  const imageId = `${repositoryOf(reference)}@${digest}`;
  return { reference: written, imageId, digest, sizeBytes: totalBytes, platform, ...how };
}

function localImage(reference: string, path: string, digest: string, sizeBytes: number): PulledImage {
  return {
    reference,
    imageId: `fs/${path}@${digest}`,
    digest,
    sizeBytes,
    platform: 'wasi/wasm',
    pulled: false,
    durationMs: 0,
  };
}
