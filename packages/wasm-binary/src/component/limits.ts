/** What the reader of components refuses to go beyond, over all that is nested in one. */
export interface ComponentLimits {
  /** @default 256 MiB */
  readonly maxBytes: number;
  /** Components and types of components and instances in each other. @default 100 */
  readonly maxNesting: number;
  /** Sections, definitions and declarations of types. @default 100,000 */
  readonly maxDefinitions: number;
  /** Bytes of all names together. @default 16 MiB */
  readonly maxNamesBytes: number;
  /** Parts in each other of one value type. @default 100 */
  readonly maxTypeDepth: number;
  /** Parts of one type, those it shares with itself counted as often as they occur. @default 100,000 */
  readonly maxTypeSize: number;
  /** Parts of types that are compared and put in for each other. @default 500,000 */
  readonly maxTypeWork: number;
  /** Imports, exports and functions of core modules. @default 1,000,000 */
  readonly maxCoreItems: number;
}

export const defaultComponentLimits: ComponentLimits = {
  maxBytes: 256 * 1024 * 1024,
  maxNesting: 100,
  maxDefinitions: 100_000,
  maxNamesBytes: 16 * 1024 * 1024,
  maxTypeDepth: 100,
  maxTypeSize: 100_000,
  maxTypeWork: 500_000,
  maxCoreItems: 1_000_000,
};
