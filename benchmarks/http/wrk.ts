import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What a load of `wrk` saw. */
export interface Load {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const run = promisify(execFile);

/** Sends GETs for some seconds, on 16 connections. Throws where one of them is not answered well. */
export async function loadWithWrk(url: string, seconds: number): Promise<Load> {
  const { stdout } = await run('wrk', ['-t1', '-c16', `-d${seconds}s`, '--latency', url]);
  const bad = /Non-2xx or 3xx responses: \d+|Socket errors: .*/.exec(stdout);
  if (bad) throw new Error(`${url}: ${bad[0]}`);
  return {
    requests: numberOf(stdout, /(\d+) requests in/),
    perSecond: numberOf(stdout, /Requests\/sec:\s+([\d.]+)/),
    p50Ms: millisecondsOf(stdout, '50%'),
    p99Ms: millisecondsOf(stdout, '99%'),
  };
}

/** Whether it is on the PATH. */
export async function hasWrk(): Promise<boolean> {
  const failed = await run('wrk', ['--version']).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error,
  );
  return failed?.code !== 'ENOENT';
}

function numberOf(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? Number.NaN);
}

const units: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000 };

function millisecondsOf(text: string, share: string): number {
  const [, value, unit = ''] = new RegExp(`${share}\\s+([\\d.]+)(us|ms|s)`).exec(text) ?? [];
  return Number(value ?? Number.NaN) * (units[unit] ?? Number.NaN);
}
