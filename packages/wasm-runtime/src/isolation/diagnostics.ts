import type { GuestDiagnostics } from './guest-spec.ts';
import type { DiagnosticKind } from './wire/messages.ts';

/** Collects what a guest host tells of a guest that has ended, where somebody has asked for it. */
export interface DiagnosticsReader {
  /** Throws a `TypeError` when there is more than a guest host of ours tells. */
  push(kind: DiagnosticKind, part: string): void;
  /** The guest is gone. */
  end(): void;
  /** What has come by then, whole; `undefined` for nothing. */
  readonly profile?: Promise<string | undefined>;
  readonly report?: Promise<string | undefined>;
}

/** Longest text of a kind, in characters. */
export const maxDiagnosticLength = 64 * 1024 * 1024;

export function createDiagnosticsReader({
  profile = false,
  report = false,
}: GuestDiagnostics): DiagnosticsReader {
  const texts = new Map<DiagnosticKind, string>();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const textOf = (kind: DiagnosticKind) => ended.then(() => texts.get(kind));
  return {
    push(kind, part) {
      if (!(kind === 'profile' ? profile : report)) return;
      const text = (texts.get(kind) ?? '') + part;
      if (text.length > maxDiagnosticLength) throw new TypeError('more of a diagnostic than there can be');
      texts.set(kind, text);
    },
    end,
    ...(profile ? { profile: textOf('profile') } : {}),
    ...(report ? { report: textOf('report') } : {}),
  };
}
