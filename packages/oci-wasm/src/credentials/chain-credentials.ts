import type { Credential, CredentialSource } from './credential.ts';

/**
 * The credentials of the first source that has any. A source that fails is passed over; when none has any, `find`
 * rejects with the first failure.
 */
export function chainCredentials(sources: readonly CredentialSource[]): CredentialSource {
  return {
    async find(scope, options = {}) {
      let failure: { readonly reason: unknown } | undefined;
      for (const source of sources) {
        let found: readonly Credential[] = [];
        try {
          found = await source.find(scope, options);
        } catch (reason) {
          options.signal?.throwIfAborted();
          failure ??= { reason };
        }
        if (found.length > 0) return found;
      }
      if (failure !== undefined) throw failure.reason;
      return [];
    },
  };
}
