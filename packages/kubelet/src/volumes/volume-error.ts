export type VolumeErrorCode =
  /** A ConfigMap, Secret or key does not exist (yet). */
  | 'NOT_FOUND'
  /** The cluster could not be asked. */
  | 'UNAVAILABLE'
  /** A hostPath is not what its `type` says. */
  | 'HOST_PATH'
  /** The file system refused. */
  | 'IO'
  /** The volume's spec cannot be right. */
  | 'INVALID'
  /** The node has no such kind of volume, or does not allow it. */
  | 'UNSUPPORTED';

/** A pod's volumes cannot be set up. The message is that of the Warning event `FailedMount`. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';
  readonly code: VolumeErrorCode;
  /** Name of the volume in the pod's spec. */
  readonly volume: string;
  constructor(code: VolumeErrorCode, volume: string, detail: string, options?: { readonly cause?: unknown }) {
    super(`MountVolume.SetUp failed for volume "${volume}" : ${detail}`, options);
    this.code = code;
    this.volume = volume;
  }
}
