import type { PulledImage } from '@wasmlet/kubelet/provider';
import type { Lease, LayoutStore } from '@wasmlet/oci-wasm';
import type { ProviderLogger } from '../provider-logger.ts';
import { isLocalModule } from './local-module.ts';

/** The images that a pod has used, kept in the store until it ends: it may start its containers again. */
export interface ImageUse extends AsyncDisposable {
  hold(image: PulledImage): Promise<void>;
}

export function createImageUse(store: () => Promise<LayoutStore>, logger: ProviderLogger): ImageUse {
  let leasing: Promise<Lease> | undefined;

  return {
    async hold(image) {
      if (isLocalModule(image.reference)) return;
      try {
        leasing ??= store().then((opened) => opened.lease());
        await (await leasing).hold(image.digest);
      } catch (error) {
        leasing = undefined;
        // On a full disk containers go on starting; an image that goes meanwhile is pulled again.
        logger.warn({ image: image.reference, err: error }, 'an image that is in use may be collected');
      }
    },
    async [Symbol.asyncDispose]() {
      const lease = await leasing?.catch(() => undefined);
      await lease?.[Symbol.asyncDispose]();
    },
  };
}
