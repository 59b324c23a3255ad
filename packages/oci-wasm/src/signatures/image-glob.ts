import type { Reference } from '../reference.ts';

/** A pattern of image names: `*` stands for anything but `/`, `**` for anything. */
export interface ImageGlob {
  /** As it is written. */
  readonly text: string;
  readonly pattern: RegExp;
}

const maxLength = 512;

/** Reads a glob of policy-controller's kind; with a problem in words when it is none. */
export function parseImageGlob(text: string): ImageGlob | { readonly problem: string } {
  if (text.length > maxLength) return { problem: `is longer than ${maxLength} characters` };
  if (!/^[\w:/*.@-]+$/.test(text)) {
    return { problem: 'may have letters, digits and any of "-_:/*.@", "*" and "**" as wildcards' };
  }
  const full = dockerHubShorthands[text] ?? text.replace(/^index\.docker\.io\//, 'docker.io/');
  const [registry = '', ...path] = full.split('/');
  const hasRegistry = registry.startsWith('**') || (path.length > 0 && /[.:*]|^localhost$/.test(registry));
  if (!hasRegistry) {
    return { problem: `names no registry; for images of Docker Hub write "index.docker.io/library/${text}"` };
  }
  const body = full.split(/(\*\*|\*)/).map((part) => wildcards[part] ?? part.replaceAll('.', '\\.'));
  return { text, pattern: new RegExp(`^${body.join('')}$`) };
}

/** What these two mean to policy-controller. */
const dockerHubShorthands: Readonly<Record<string, string>> = {
  '*': 'docker.io/library/*',
  '*/*': 'docker.io/*/*',
};

const wildcards: Readonly<Record<string, string>> = { '**': '.*', '*': '[^/]*' };

/**
 * Whether an image has such a name: `registry/repository@digest` where the reference has a digest, whatever tag stands
 * beside it, else `registry/repository:tag`. A glob for the bare repository is for all that is in it.
 */
export function matchesImage(glob: ImageGlob, { registry, repository, tag, digest }: Reference): boolean {
  const name = `${registry}/${repository}`;
  const full = digest === undefined ? `${name}:${tag ?? 'latest'}` : `${name}@${digest}`;
  return glob.pattern.test(full) || glob.pattern.test(name);
}
