import type { HandlerStats } from '../server/counters.ts';

/** What a component that serves reports of itself. */
export type ServerReport =
  /** It has begun to. */
  | { readonly kind: 'http-serving'; readonly host: string; readonly port: number }
  /** How far it has come. */
  | { readonly kind: 'http-stats'; readonly stats: HandlerStats };

/** A report of the host module of {@link incomingHandler}; undefined for any other. Believes nothing of it. */
export function readServerReport(report: unknown): ServerReport | undefined {
  const { kind, host, port, stats } = (report ?? {}) as Readonly<Record<string, unknown>>;
  if (
    kind === 'http-serving' &&
    typeof host === 'string' &&
    /^[\da-f.:]{1,45}$/i.test(host) &&
    isCount(port)
  ) {
    return { kind, host, port };
  }
  return kind === 'http-stats' && isStats(stats) ? { kind, stats } : undefined;
}

const counts: readonly (keyof HandlerStats)[] = [
  'active',
  'requests',
  'traps',
  'refused',
  'gone',
  'timedOut',
  'instances',
];

function isStats(value: unknown): value is HandlerStats {
  const stats = (value ?? {}) as Readonly<Record<string, unknown>>;
  const byClass = Object.values(stats['byClass'] ?? {});
  return counts.every((name) => isCount(stats[name])) && byClass.every(isCount);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
