import { ProviderError } from '@wasmlet/kubelet/provider';
import type { ImageProgram, SpinApplication, WasmArtifact } from '@wasmlet/oci-wasm';

/** What an image's format says about how its binary is started. */
export type ImageForm =
  /** Nothing; programs count their arguments from 0, as Krustlet's do. */
  | { readonly argv: 'exact' }
  /** Nothing; programs get a name first. */
  | { readonly argv: 'named'; readonly env?: SpinApplication['env'] }
  /** Entry point, arguments and environment, by docker's rules. */
  | { readonly argv: 'image'; readonly program: ImageProgram };

/** Throws {@link ProviderError} `CONTAINER_CREATE` for a Spin application that is started by requests or events. */
export function imageForm(artifact: WasmArtifact): ImageForm {
  switch (artifact.format) {
    case 'wasm-to-oci':
      return { argv: 'exact' };
    case 'cncf':
    case 'wasmcloud':
    case 'oras':
      return { argv: 'named' };
    case 'wasm-layer':
    case 'compat':
      return { argv: 'image', program: artifact.program };
    case 'spin': {
      const { triggers, env } = artifact.application;
      const other = triggers.find((trigger) => trigger !== 'command');
      if (other === undefined) return { argv: 'named', env };
      throw new ProviderError(
        'CONTAINER_CREATE',
        `the image is a Spin application with the trigger ${JSON.stringify(other.slice(0, 100))}; this node runs those with the trigger "command"`,
      );
    }
  }
}
