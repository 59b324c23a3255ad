import type { ComplianceSetup } from './compliance-setup.ts';
import { containerCases } from './container-cases.ts';
import { imageCases } from './image-cases.ts';
import { podCases } from './pod-cases.ts';

/** One behaviour that the kubelet relies on. */
export interface ComplianceCase {
  readonly name: string;
  /** Rejects with an `AssertionError` when the provider behaves otherwise. Cases may run side by side. */
  run(): Promise<void>;
}

/**
 * What every provider has to do, as cases for any test runner:
 *
 * ```ts
 * for (const { name, run } of providerCompliance(setUp)) test(name, run);
 * ```
 *
 * @param setUp makes a fresh provider for each case
 */
export function providerCompliance(setUp: () => Promise<ComplianceSetup>): readonly ComplianceCase[] {
  return [...imageCases, ...podCases, ...containerCases].map(({ name, check }) => ({
    name,
    async run() {
      await using setup = await setUp();
      await check(setup);
    },
  }));
}
