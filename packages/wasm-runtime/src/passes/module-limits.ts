/** What of a module's size costs the engine memory or time before one instruction runs. */
export interface ModuleLimits {
  /** @default 256 MiB */
  readonly maxModuleBytes: number;
  /** Functions of its own. @default 250,000 */
  readonly maxFunctions: number;
  /** Types, those in groups one by one. @default 100,000 */
  readonly maxTypes: number;
  /** Elements of all its tables together, as declared and as grown. @default 1,000,000 */
  readonly maxTableElements: number;
}

export const defaultModuleLimits: ModuleLimits = {
  maxModuleBytes: 256 * 1024 * 1024,
  maxFunctions: 250_000,
  maxTypes: 100_000,
  maxTableElements: 1_000_000,
};
