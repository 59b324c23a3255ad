import type { Credential } from '../../credentials/credential.ts';
import type { Challenge } from './challenge.ts';

/** As whom a repository was read. */
export type Access =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'credential'; readonly credential: Credential };

/** Whether and when a registry is asked as nobody, where there are credentials as well. */
export type AnonymousAccess = 'first' | 'last' | 'never';

/** As whom a request is sent. */
export interface Identity {
  /** Absent: nobody. */
  readonly credential: Credential | undefined;
  /** Credentials are tried after it, so that an answer which they might change is not the last word. */
  readonly isTentative: boolean;
}

export interface IdentitiesOptions {
  /** Tried in order. */
  readonly credentials: readonly Credential[];
  readonly anonymous: AnonymousAccess;
  /** The client's memory of what has been enough, by `place`. */
  readonly sufficient: Map<string, Access['kind']>;
  /** Registry and rights that are asked for. */
  readonly place: string;
}

/** Who a repository's requests may be sent as, and who has been accepted. */
export interface Identities {
  /** Whoever was accepted last and those after it: earlier ones were of no use. */
  toTry(offered: readonly Challenge[]): readonly Identity[];
  /** Whether an answer to nobody may be another one to somebody: a rate limit, or what only some may know of. */
  isUnclear(status: number): boolean;
  /** Nobody is not let in, or not now: others are tried first from now on. */
  nobodyRefused(): void;
  accepted(credential: Credential | undefined, status: number): void;
  /** The registry has asked for nothing. */
  acceptedUnasked(): void;
  /** As whom the last request was accepted. */
  readonly access: Access | undefined;
}

/** Repositories of which one client remembers what has been enough. */
const maxRemembered = 1_000;

export function createIdentities(options: IdentitiesOptions): Identities {
  const { credentials, anonymous, sufficient, place } = options;
  const somebody = credentials.map((credential): Identity => ({ credential, isTentative: false }));
  let access: Access | undefined;
  let chosen: Access | undefined;

  /** Only where there are tokens: without them, to be nobody is to show nothing, and that was not enough. */
  const isNobodyFirst = (offered: readonly Challenge[]): boolean =>
    anonymous === 'first' &&
    credentials.length > 0 &&
    offered[0]?.scheme === 'bearer' &&
    (chosen?.kind === 'anonymous' || sufficient.get(place) !== 'credential');

  const inOrder = (offered: readonly Challenge[]): readonly Identity[] => {
    if (anonymous === 'never') return somebody;
    return isNobodyFirst(offered) ? [{ ...nobody, isTentative: true }, ...somebody] : [...somebody, nobody];
  };

  const remember = (kind: Access['kind']): void => {
    if (sufficient.size >= maxRemembered) sufficient.clear();
    sufficient.set(place, kind);
  };

  return {
    get access() {
      return access;
    },
    toTry(offered) {
      const order = inOrder(offered);
      const last = chosen?.kind === 'credential' ? chosen.credential : undefined;
      const from = chosen === undefined ? 0 : order.findIndex(({ credential }) => credential === last);
      return order.slice(Math.max(0, from));
    },
    isUnclear: (status) => status === 429 || (status === 404 && sufficient.get(place) !== 'anonymous'),
    nobodyRefused: () => remember('credential'),
    accepted(credential, status) {
      chosen = credential === undefined ? { kind: 'anonymous' } : { kind: 'credential', credential };
      access = chosen;
      // What is not there says nothing about who may read.
      if (status < 400) remember(chosen.kind);
    },
    acceptedUnasked() {
      access ??= { kind: 'anonymous' };
    },
  };
}

/** With nobody to come after. */
export const nobody: Identity = { credential: undefined, isTentative: false };
