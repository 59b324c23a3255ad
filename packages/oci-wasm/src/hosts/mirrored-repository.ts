import { markVerified } from '../content/verified.ts';
import { OciError } from '../errors.ts';
import type { Access } from '../registry/access/identities.ts';
import type { Endpoint, Endpoints, EndpointSource } from '../registry/endpoints.ts';
import type { Repository } from '../registry/repository.ts';
import { createContinuation } from './continuation.ts';
import type { MirrorHealth } from './mirror-health.ts';
import type { HostCapability } from './registry-host.ts';

export interface MirroredOptions {
  readonly registry: string;
  readonly endpoints: Pick<Endpoints, 'own' | 'sources'>;
  /** The client's. */
  readonly health: MirrorHealth;
  openAt(this: void, find: (signal: AbortSignal | undefined) => Promise<Endpoint>): Repository;
}

interface Place extends Pick<EndpointSource, 'name' | 'capabilities' | 'isMirror'> {
  readonly repository: Repository;
}

/**
 * A repository to read from that is in several places: the mirrors of its registry are asked in their order, each for
 * what it may be asked for, and the registry itself last. Mirrors that have failed lately are asked after it.
 * What is not reading of content (tags, referrers) is the registry's own business.
 */
export function openMirrored({ registry, endpoints, health, openAt }: MirroredOptions): Repository {
  const own = openAt((signal) => endpoints.own(registry, signal));
  let opening: Promise<readonly Place[]> | undefined;
  let access: Access | undefined;

  const openPlaces = async (signal: AbortSignal | undefined): Promise<readonly Place[]> => {
    const sources = await endpoints.sources(registry, signal);
    return sources.map(({ name, capabilities, isMirror, open }) => ({
      name,
      capabilities,
      isMirror,
      repository: isMirror ? openAt(open) : own,
    }));
  };

  const placesFor = async (
    capability: HostCapability,
    signal: AbortSignal | undefined,
  ): Promise<readonly Place[]> => {
    // What one caller's end has cut short is begun anew by the next.
    opening ??= openPlaces(signal).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    const able = (await opening).filter(({ capabilities }) => capabilities.includes(capability));
    if (able.length === 0) {
      const problem = `none of the hosts that are configured for registry ${registry} has the capability "${capability}"`;
      throw new OciError('DENIED', `${problem}; give it to one`, { host: registry });
    }
    const isAway = ({ isMirror, name }: Place): boolean => isMirror && health.isAway(name);
    return able.toSorted((a, b) => Number(isAway(a)) - Number(isAway(b)));
  };

  /** Credentials that were needed anywhere count: without them it would not have been read. */
  const noteAccess = ({ repository }: Place): void => {
    if (access?.kind !== 'credential') access = repository.access;
  };

  /** The failure of one place; throws it where no other can make up for it. */
  const failureAt = (place: Place, error: unknown, signal: AbortSignal | undefined): Failure => {
    signal?.throwIfAborted();
    if (!(error instanceof OciError) || error.code === 'CLOSED') throw error;
    if (place.isMirror) health.note(place.name, error);
    return { place, error };
  };

  const anyOf = async <T>(
    capability: HostCapability,
    use: (repository: Repository) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> => {
    const failures: Failure[] = [];
    for (const place of await placesFor(capability, signal)) {
      try {
        const result = await use(place.repository);
        noteAccess(place);
        return result;
      } catch (error) {
        failures.push(failureAt(place, error, signal));
      }
    }
    throw allFailed(failures);
  };

  async function* readAnywhere(
    read: (repository: Repository) => AsyncIterable<Uint8Array>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const failures: Failure[] = [];
    const content = createContinuation();
    const places = await placesFor('pull', signal);
    for (const place of places) {
      try {
        // One that nothing follows on need not be compared.
        if (places.length === 1) yield* read(place.repository);
        else yield* content.from(read(place.repository), place.name);
        noteAccess(place);
        return;
      } catch (error) {
        failures.push(failureAt(place, error, signal));
      }
    }
    throw allFailed(failures);
  }

  return {
    ...own,
    get access() {
      return access;
    },
    resolve: (reference, options = {}) =>
      anyOf(
        reference.digest === undefined ? 'resolve' : 'pull',
        (repository) => repository.resolve(reference, options),
        options.signal,
      ),
    async has(descriptor, options = {}) {
      for (const { repository, isMirror } of await placesFor('pull', options.signal)) {
        try {
          if (await repository.has(descriptor, options)) return true;
        } catch (error) {
          options.signal?.throwIfAborted();
          if (!isMirror) throw error;
        }
      }
      return false;
    },
    read: (descriptor, options = {}) =>
      markVerified(
        descriptor,
        readAnywhere((repository) => repository.read(descriptor, options), options.signal),
      ),
    resume: (descriptor, beginning, options = {}) =>
      markVerified(
        descriptor,
        readAnywhere((repository) => repository.resume(descriptor, beginning, options), options.signal),
      ),
  };
}

interface Failure {
  readonly place: Place;
  readonly error: OciError;
}

/** The registry's own failure says most; that there were mirrors is added. */
function allFailed(failures: readonly Failure[]): OciError {
  const main = failures.find(({ place }) => !place.isMirror) ?? failures[0];
  if (main === undefined) throw new TypeError('nothing has failed');
  const { error } = main;
  const others = failures.filter((failure) => failure !== main);
  if (others.length === 0) return error;
  const told = others.map(({ place, error: { code } }) => `${place.name} (${code})`).join(', ');
  return new OciError(error.code, `${error.message}; its mirrors failed as well: ${told}`, {
    cause: error,
    ...(error.reference === undefined ? {} : { reference: error.reference }),
    ...(error.host === undefined ? {} : { host: error.host }),
    ...(error.status === undefined ? {} : { status: error.status }),
  });
}
