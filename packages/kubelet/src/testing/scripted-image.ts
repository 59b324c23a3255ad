import type { ProviderErrorCode } from '../provider.ts';

/** What an image does, run by run. */
export interface ScriptedImage {
  /** The first run does the first of these; the last one is repeated. @default one that completes at once */
  readonly runs?: readonly ScriptedRun[];
  readonly pull?: ScriptedPull;
  /** The image is here before anyone has pulled it. @default false */
  readonly present?: boolean;
}

export interface ScriptedRun {
  /** Milliseconds of the clock until it ends by itself. @default 0 */
  readonly lastsMs?: number | 'forever';
  /** @default 0 */
  readonly exitCode?: number;
  /** Ends with 134 and this message instead. */
  readonly trap?: string;
  /** Written to standard output at the start. */
  readonly lines?: readonly string[];
  /** Written into its termination log at the start, where it has one. */
  readonly terminationMessage?: string;
  /** Milliseconds that it takes to end when it is asked to; `never` waits to be killed. @default 0 */
  readonly stopsAfterMs?: number | 'never';
  /** The start is refused. */
  readonly refused?: { readonly code: ProviderErrorCode; readonly message: string };
}

export interface ScriptedPull {
  /** Milliseconds of the clock that a transfer takes. @default 0 */
  readonly takesMs?: number;
  /** This many pulls fail before one succeeds. @default 0 */
  readonly failures?: number;
  /** @default `IMAGE_PULL` */
  readonly code?: ProviderErrorCode;
  readonly message?: string;
}

/** Runs are counted from 0. */
export function scriptOf(image: ScriptedImage | undefined, run: number): ScriptedRun {
  const runs = image?.runs ?? [];
  return runs[Math.min(run, runs.length - 1)] ?? {};
}
