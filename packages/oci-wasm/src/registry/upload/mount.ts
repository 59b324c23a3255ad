import type { Descriptor } from '../../content/descriptor.ts';
import type { RepositoryName } from '../../content/target.ts';
import { OciError } from '../../errors.ts';
import type { RepositoryContext } from '../repository-context.ts';
import { cancelUpload } from './upload-session.ts';

/** Mounts blobs of other repositories of the same registry (distribution-spec, "Mounting a blob"). */
export interface Mounts {
  mount(
    context: RepositoryContext,
    descriptor: Descriptor,
    from: RepositoryName,
    signal: AbortSignal | undefined,
  ): Promise<boolean>;
}

/** Repositories that nothing can be mounted from; beyond that they are tried again. */
const maxRefused = 100;

export function createMounts(): Mounts {
  const refused = new Set<string>();
  return {
    async mount(context, { digest }, from, signal) {
      const { endpoint, repository, sender } = context;
      if (from.registry !== endpoint.registry || from.repository === repository) return false;
      if (refused.has(from.repository)) return false;
      const query = new URLSearchParams({ mount: digest, from: from.repository });
      const response = await sender
        .send({
          method: 'POST',
          url: context.url(`blobs/uploads/?${query.toString()}`),
          scopes: [`repository:${from.repository}:pull`],
          signal,
          subject: `cannot mount blob ${digest} of ${from.repository} in ${context.name}`,
        })
        .catch((error: unknown) => {
          // It may be pushed all the same.
          if (error instanceof OciError && (error.code === 'DENIED' || error.code === 'UNAUTHORIZED'))
            return undefined;
          throw error;
        });
      await response?.discard();
      if (response?.status === 201) return true;
      if (refused.size >= maxRefused) refused.clear();
      refused.add(from.repository);
      // One that does not mount begins an upload.
      const location = response?.status === 202 ? response.header('location') : undefined;
      if (response !== undefined && location !== undefined) {
        const url = context.guard.target(location, { from: response.url, purpose: 'upload location' });
        await cancelUpload(context, { url });
      }
      return false;
    },
  };
}
