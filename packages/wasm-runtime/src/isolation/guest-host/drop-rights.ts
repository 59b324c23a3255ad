import process from 'node:process';
import type { SandboxUser } from '../sandbox-users.ts';

/** Becomes a sandbox's user, for good. */
export function dropRights(user: SandboxUser | null): void {
  if (user === null || !process.setgroups || !process.setgid || !process.setuid) return;
  process.setgroups([]);
  process.setgid(user.gid);
  process.setuid(user.uid);
}
