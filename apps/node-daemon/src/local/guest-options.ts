import { resolve as absolute } from 'node:path';
import type { GuestMount } from '@wasmlet/wasm-runtime';
import { parseBytes, parseDuration, parseInteger } from '../config/values.ts';
import { UsageError } from '../errors.ts';

/** For options that may be repeated. */
export const collect = (value: string, previous: readonly string[]): readonly string[] => [
  ...previous,
  value,
];

export function parseIsolation(isolation: string): 'process' | 'thread' {
  if (isolation === 'process' || isolation === 'thread') return isolation;
  throw new UsageError(`--isolation "${isolation}" is not available: use process or thread.`);
}

/** Of `--allowed-host`. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : url;
}

/** `HOST`, `HOST::GUEST`, `HOST::GUEST::ro` as wasmtime writes them. */
export function parseDirectory(value: string): GuestMount {
  const [hostPath = '', guestPath = hostPath, mode] = value.split('::');
  if (hostPath === '' || guestPath === '' || (mode !== undefined && mode !== 'ro' && mode !== 'rw')) {
    throw new UsageError(`--dir "${value}" is not of the form HOST, HOST::GUEST or HOST::GUEST::ro.`);
  }
  return { hostPath: absolute(hostPath), guestPath, readOnly: mode === 'ro' };
}

interface ParsedLimits {
  memoryBytes?: number;
  maxTableElements?: number;
  timeoutMs?: number;
}

/** Of `-W`. */
export function parseLimits(options: readonly string[]): ParsedLimits {
  const limits: ParsedLimits = {};
  for (const option of options) {
    const [name, value = ''] = option.split('=', 2);
    if (name === 'max-memory-size') limits.memoryBytes = parseBytes('-W max-memory-size', value);
    else if (name === 'max-table-elements') {
      limits.maxTableElements = parseInteger('-W max-table-elements', value);
    } else if (name === 'timeout') limits.timeoutMs = parseDuration('-W timeout', value);
    else
      throw new UsageError(
        `-W "${option}" is unknown: there are max-memory-size=SIZE, max-table-elements=N, timeout=DURATION.`,
      );
  }
  return limits;
}
