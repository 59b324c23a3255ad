import type { AbortOptions } from '../../provider.ts';

/** Where an API server is and as whom to talk to it; good until {@link AccessSource.load} says otherwise. */
export interface Access {
  /** `https://host:port`, with the path prefix of a proxy if there is one. */
  readonly server: URL;
  readonly tls: AccessTls;
  /** Sent with every request: the bearer token. */
  readonly headers: Readonly<Record<string, string>>;
}

/** PEM texts, as `tls.connect` takes them. */
export interface AccessTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** Reads the credentials as they are now: at the start, after a rotation, and when the server says 401. */
export interface AccessSource {
  load(options?: AbortOptions): Promise<Access>;
}
