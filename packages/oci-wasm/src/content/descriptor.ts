/** Names one piece of content: what it is, which bytes exactly, how many (OCI image-spec, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:…` or `sha512:…`. */
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  /** In an index: what the manifest says that it is. */
  readonly artifactType?: string;
  /** The content itself, in base64: small content that has been embedded. */
  readonly data?: string;
  /** In an index: what the manifest is for. */
  readonly platform?: Platform;
}

/** For which machine one entry of an index is, as the OCI image specification has it. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
}
