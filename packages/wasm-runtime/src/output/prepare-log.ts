import { constants, open } from 'node:fs/promises';
import { RuntimeError } from '../errors.ts';
import type { GuestSpec } from '../isolation/guest-spec.ts';

/**
 * Makes a guest's log, where it is to have one and it is not there yet, and gives it to the user who will write it.
 *
 * Throws {@link RuntimeError} `HOST_FAILED` when it cannot.
 */
export async function prepareLog(
  { name, output }: Pick<GuestSpec, 'name' | 'output'>,
  user: { readonly uid: number; readonly gid: number },
): Promise<void> {
  if (output.kind !== 'cri-log') return;
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
  try {
    await using log = await open(output.path, flags, 0o640);
    await log.chown(user.uid, user.gid);
  } catch (cause) {
    throw new RuntimeError('HOST_FAILED', `${name}: its log cannot be opened: ${(cause as Error).message}`, {
      cause,
    });
  }
}
