import type { Readable, Writable } from 'node:stream';

/** What a command sees of the process it runs in. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly version: string;
}

/** Sets the exit code of a command that ended without an error. */
export type Finish = (exitCode: number) => void;

/** Writes one line, as JSON when `json` is set. */
export function printResult(terminal: Terminal, json: boolean, value: object, text: string): void {
  terminal.stdout.write(json ? `${JSON.stringify(value)}\n` : `${text}\n`);
}
