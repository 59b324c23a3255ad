import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { CommandError, UsageError } from '../errors.ts';

/**
 * The kubeconfig that `kubectl` would use: of the files in KUBECONFIG the one that exists, else `~/.kube/config`.
 *
 * @throws {@link UsageError} when there are several, {@link CommandError} `KUBECONFIG` when there is none.
 */
export function userKubeconfig(env: Readonly<Record<string, string | undefined>>): string {
  const named = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  const paths = named.length > 0 ? named : [join(homedir(), '.kube', 'config')];
  const [path, another] = paths.filter((candidate) => existsSync(candidate));
  if (another !== undefined) {
    throw new UsageError(
      'KUBECONFIG names several files; write them into one (kubectl config view --flatten > FILE) and name that.',
    );
  }
  if (path !== undefined) return path;
  throw new CommandError(
    'KUBECONFIG',
    `There is no kubeconfig ${paths.join(', ')}: let KUBECONFIG name one that may create secrets in kube-system.`,
  );
}
