import type { Preview1, Preview1Options } from './preview1.ts';

/** Makes the WASI preview1 host of one guest. */
export function createPreview1(_options: Preview1Options): Preview1 {
  throw new Error('not implemented');
}
