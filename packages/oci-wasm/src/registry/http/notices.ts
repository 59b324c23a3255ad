/** What a client tells besides results and errors. */
export type RegistryNotice =
  /** A registry has something to say to its users (`Warning: 299`): quotas, rights that end, names that move. */
  | { readonly kind: 'warning'; readonly host: string; readonly text: string }
  /** Requests to a host wait: it is overloaded, or has asked for it. */
  | { readonly kind: 'pause'; readonly host: string; readonly ms: number };

const maxWarnings = 8;
const maxShown = 300;

/** The texts of `Warning` headers (distribution-spec, "Warnings"); other codes and forms are none. */
export function readWarnings(values: readonly string[]): readonly string[] {
  return values
    .flatMap((value) => [...value.matchAll(warningPattern)])
    .slice(0, maxWarnings)
    .map(([, quoted = '']) =>
      quoted
        .replace(/\\(.)/g, '$1')
        .replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
        .slice(0, maxShown),
    );
}

const warningPattern = /(?:^|,)\s*299 - "((?:[^"\\]|\\.)*)"/g;
