import type { EnvEntry } from '../provider.ts';
import { ConfigError } from './config-error.ts';

/**
 * Replaces `$(NAME)` by the variable's value. A name that is unknown stays as it is written; `$$` stands for
 * one `$`, so that `$$(NAME)` gives `$(NAME)`. Of entries with the same name the last one counts.
 * Throws {@link ConfigError} when the result would be longer than a process may be given (128 KiB).
 */
export function expand(text: string, env: readonly EnvEntry[]): string {
  if (!text.includes('$')) return text;
  const values = new Map(env.map(({ name, value }) => [name, value]));
  return expandWith(text, (name) => values.get(name));
}

/** {@link expand} with a function as the source of values. */
export function expandWith(text: string, valueOf: (name: string) => string | undefined): string {
  let added = 0;
  return text.replaceAll(reference, (written, name: string | undefined) => {
    if (name === undefined) return '$';
    const value = valueOf(name) ?? written;
    added += value.length;
    if (added > maxExpandedLength) {
      throw new ConfigError(
        `${JSON.stringify(text.slice(0, 60))} expands to more than ${maxExpandedLength} bytes`,
      );
    }
    return value;
  });
}

/** Names that `$(NAME)` refers to in `text`, in order, escaped ones left out. */
export function referencedNames(text: string): readonly string[] {
  return [...text.matchAll(reference)].flatMap(([, name]) => (name === undefined ? [] : [name]));
}

/** Linux: MAX_ARG_STRLEN. */
const maxExpandedLength = 128 * 1024;
const reference = /\$\$|\$\(([^)]*)\)/g;
