import type { PlacePool } from './place-pool.ts';
import type { SandboxUser, SandboxUsers } from './sandbox-users.ts';
import type { Tiers } from './tiers.ts';

/** Sandboxes whose guests may share a guest host: one user, and one set of threads. */
export interface Group {
  readonly user: SandboxUser | undefined;
  /** Started by the first guest that needs one. */
  threads(): PlacePool;
  /** To be called once by each that has joined, when its guests are gone. */
  leave(): Promise<void>;
}

export interface Groups extends AsyncDisposable {
  /**
   * Joins the group of that name, or makes it; without a name, one for a single sandbox. Its user is the owner of
   * the directories, as after a restart, or a free one.
   */
  join(name: string | symbol | undefined, directories: readonly string[]): Group;
}

export interface GroupsOptions {
  readonly users: SandboxUsers | undefined;
  readonly threads: Tiers['threads'];
}

interface Member {
  readonly name: string | symbol | undefined;
  readonly user: SandboxUser | undefined;
  sandboxes: number;
  threads: PlacePool | undefined;
  linger: NodeJS.Timeout | undefined;
}

/** How long a group's guest hosts wait for its next sandbox: those of jobs come one after the other. */
const lingerMs = 10_000;

export function createGroups({ users, threads }: GroupsOptions): Groups {
  const named = new Map<string | symbol, Member>();
  const closing = new Set<Promise<void>>();

  const make = (name: Member['name'], directories: readonly string[]): Member => {
    const member: Member = {
      name,
      user: users?.take(directories),
      sandboxes: 0,
      threads: undefined,
      linger: undefined,
    };
    if (name !== undefined) named.set(name, member);
    return member;
  };
  const close = (member: Member): Promise<void> => {
    clearTimeout(member.linger);
    if (member.name !== undefined) named.delete(member.name);
    const closed = (async () => {
      await member.threads?.[Symbol.asyncDispose]();
      if (member.user) users?.release(member.user);
    })();
    closing.add(closed);
    void closed.then(() => closing.delete(closed));
    return closed;
  };

  return {
    join(name, directories) {
      const known = name === undefined ? undefined : named.get(name);
      const member = known ?? make(name, directories);
      clearTimeout(member.linger);
      member.sandboxes += 1;
      return {
        user: member.user,
        threads() {
          member.threads ??= threads(titleOf(member.name), member.user);
          return member.threads;
        },
        async leave() {
          member.sandboxes -= 1;
          if (member.sandboxes > 0) return;
          if (member.threads === undefined || member.name === undefined) await close(member);
          else member.linger = setTimeout(() => void close(member), lingerMs);
        },
      };
    },
    async [Symbol.asyncDispose]() {
      for (const member of named.values()) void close(member);
      await Promise.all(closing);
    },
  };
}

function titleOf(name: Member['name']): string {
  return typeof name === 'string' ? name : '';
}
