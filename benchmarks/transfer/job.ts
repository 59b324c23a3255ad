/** A whole image from a registry to a layout, or from a layout to a registry. */
export interface Job {
  readonly kind: 'pull' | 'push';
  /** At the registry. */
  readonly reference: string;
  /** Directory of the layout, in which the image that is pushed has the name `v1`. */
  readonly layout: string;
  /** Of the manifest. */
  readonly digest: string;
}

export interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakBytes: number;
}
