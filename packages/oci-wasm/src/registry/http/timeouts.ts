/** How long is waited for registries, in milliseconds. */
export interface RegistryTimeouts {
  /** Until a connection stands, TLS included. @default 10_000 */
  readonly connectMs: number;
  /** Without a byte from the registry, while one is due. @default 30_000 */
  readonly idleMs: number;
  /** Until a token server has given a token. @default 60_000 */
  readonly tokenMs: number;
  /** For all of one transfer (a blob, a manifest): every try, pause and resumption. @default 1_800_000 */
  readonly totalMs: number;
}

export const defaultTimeouts: RegistryTimeouts = {
  connectMs: 10_000,
  idleMs: 30_000,
  tokenMs: 60_000,
  totalMs: 1_800_000,
};
