import type { HostModuleUse } from '../host.ts';

/**
 * For which use the memories of a component are compiled: each instance that is made for one call takes those of earlier ones; a
 * command, and what lives for many calls, has its own.
 */
export function memoryUseOf(driver: HostModuleUse | null): 'own' | 'pooled' {
  return driver === null || driver.drives?.longLived === true ? 'own' : 'pooled';
}
