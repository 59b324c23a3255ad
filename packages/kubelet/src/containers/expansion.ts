import type { EnvEntry } from '../provider.ts';

/**
 * Replaces `$(NAME)` by the variable's value. A name that is unknown stays as it is written; `$$` stands for
 * one `$`, so that `$$(NAME)` gives `$(NAME)`. Of entries with the same name the last one counts.
 */
export function expand(text: string, env: readonly EnvEntry[]): string {
  if (!text.includes('$')) return text;
  const values = new Map(env.map(({ name, value }) => [name, value]));
  return expandWith(text, (name) => values.get(name));
}

/** {@link expand} with a function as the source of values. */
export function expandWith(text: string, valueOf: (name: string) => string | undefined): string {
  return text.replaceAll(reference, (written, name: string | undefined) =>
    name === undefined ? '$' : (valueOf(name) ?? written),
  );
}

/** Names that `$(NAME)` refers to in `text`, in order, escaped ones left out. */
export function referencedNames(text: string): readonly string[] {
  return [...text.matchAll(reference)].flatMap(([, name]) => (name === undefined ? [] : [name]));
}

const reference = /\$\$|\$\(([^)]*)\)/g;
