import type { AbortOptions } from '../content/target.ts';
import type { HostSettings } from './connections.ts';

/** What a host may be asked for: content by digest, the meaning of tags, to take content. */
export type HostCapability = 'pull' | 'resolve' | 'push';

export const hostCapabilities: readonly HostCapability[] = ['pull', 'resolve', 'push'];

/** One place where a registry's content is. */
export interface RegistryHost {
  /** Root of its API, e.g. `https://mirror.example/v2`; undefined for the registry's own place. */
  readonly url: URL | undefined;
  /** What it may be asked for. */
  readonly capabilities: readonly HostCapability[];
  readonly settings: HostSettings | undefined;
}

/** Knows where the content of registries is: mirrors and how they are spoken to. */
export interface RegistryHosts {
  /** In the order in which they are asked, the registry itself last; undefined when nothing is configured for it. */
  find(registry: string, options?: AbortOptions): Promise<readonly RegistryHost[] | undefined>;
}
