import type { Credential, CredentialSource } from './credential.ts';

/**
 * The credentials of all sources, in their order. A source that fails is passed over; when none has any credential,
 * `find` rejects with the first failure.
 */
export function chainCredentials(sources: readonly CredentialSource[]): CredentialSource {
  return {
    async find(scope, options = {}) {
      const all: Credential[] = [];
      let failure: { readonly reason: unknown } | undefined;
      for (const source of sources) {
        try {
          all.push(...(await source.find(scope, options)));
        } catch (reason) {
          options.signal?.throwIfAborted();
          failure ??= { reason };
        }
      }
      if (all.length === 0 && failure !== undefined) throw failure.reason;
      return all;
    },
  };
}
