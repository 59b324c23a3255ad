import {
  formatReference,
  type LayoutStore,
  OciError,
  type OciErrorCode,
  type Reference,
  type SignaturePolicy,
  verifySignatures,
} from '@wasmlet/oci-wasm';

/** Looks at the signatures of images that are in the store. */
export interface ImageSignatures {
  /** Why the policy does not take an image; undefined when it does. Rejects when the store cannot be read. */
  refusal(
    store: LayoutStore,
    reference: Reference,
    digest: string,
    signal: AbortSignal | undefined,
  ): Promise<OciError | undefined>;
}

/** Images that are remembered to be signed: content and policy do not change while a node runs. */
const maxRemembered = 1_000;
const refusals: readonly OciErrorCode[] = ['SIGNATURE_MISSING', 'SIGNATURE_INVALID', 'SIGNATURE_DENIED'];

export function createImageSignatures(policy: SignaturePolicy | undefined): ImageSignatures {
  const signed = new Set<string>();
  return {
    async refusal(store, reference, digest, signal) {
      const key = formatReference({ ...reference, digest });
      if (policy === undefined || signed.has(key)) return undefined;
      const abort = signal === undefined ? {} : { signal };
      try {
        const descriptor = await store.resolveDigest(digest, abort);
        await verifySignatures({ source: store, reference, descriptor, policy, ...abort });
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof OciError && refusals.includes(error.code)) return error;
        throw error;
      }
      signed.add(key);
      const [oldest] = signed;
      if (signed.size > maxRemembered && oldest !== undefined) signed.delete(oldest);
      return undefined;
    },
  };
}
