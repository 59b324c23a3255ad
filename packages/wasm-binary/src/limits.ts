/** What the readers refuse to go beyond, whatever a binary announces. */
export interface BinaryLimits {
  /** @default 256 MiB */
  readonly maxBytes: number;
  /** @default 100,000 */
  readonly maxSections: number;
  /** Imports, and exports. @default 100,000 */
  readonly maxNames: number;
  /** Bytes of all their names together. @default 16 MiB */
  readonly maxNamesBytes: number;
  /** Memories of the module's own; imported ones are imports. @default 100 */
  readonly maxMemories: number;
  /** The same for tables. @default 100 */
  readonly maxTables: number;
}

export const defaultLimits: BinaryLimits = {
  maxBytes: 256 * 1024 * 1024,
  maxSections: 100_000,
  maxNames: 100_000,
  maxNamesBytes: 16 * 1024 * 1024,
  maxMemories: 100,
  maxTables: 100,
};
