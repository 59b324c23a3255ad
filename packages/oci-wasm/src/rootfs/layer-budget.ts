import { OciError } from '../errors.ts';

/** What a search through file system layers may cost, whatever they announce. */
export interface LayerLimits {
  /** Bytes after decompression, over all layers and passes. @default 1 GiB */
  readonly maxUnpackedBytes: number;
  /** Bytes after decompression for each one before, beyond the first 16 MiB of a layer. @default 200 */
  readonly maxRatio: number;
  /** Entries of archives, over all layers and passes. @default 500,000 */
  readonly maxEntries: number;
}

const defaultLayerLimits: LayerLimits = {
  maxUnpackedBytes: 1024 * 1024 * 1024,
  maxRatio: 200,
  maxEntries: 500_000,
};

/** Counts down what is left of the limits; throws {@link OciError} `TOO_LARGE` when something is used up. */
export interface LayerBudget {
  unpacked(bytes: number, ofLayer: { readonly packed: number; readonly unpacked: number }): void;
  entry(): void;
}

/** Small archives compress well: the blocks of tar are mostly zeros. */
const ratioFreeBytes = 16 * 1024 * 1024;

export function createLayerBudget(limits: Partial<LayerLimits> = {}): LayerBudget {
  const { maxUnpackedBytes, maxRatio, maxEntries } = { ...defaultLayerLimits, ...limits };
  let bytes = 0;
  let entries = 0;
  return {
    unpacked(more, { packed, unpacked }) {
      bytes += more;
      if (bytes > maxUnpackedBytes) {
        throw new OciError(
          'TOO_LARGE',
          `its file system layers unpack to more than ${maxUnpackedBytes} bytes`,
        );
      }
      if (unpacked > ratioFreeBytes + packed * maxRatio) {
        throw new OciError(
          'TOO_LARGE',
          `a file system layer unpacks to more than ${maxRatio} times its size, as an archive that is made to fill memory does`,
        );
      }
    },
    entry() {
      entries += 1;
      if (entries > maxEntries) {
        throw new OciError('TOO_LARGE', `its file system layers have more than ${maxEntries} entries`);
      }
    },
  };
}
