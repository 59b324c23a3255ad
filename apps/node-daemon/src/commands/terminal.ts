import { Option } from 'commander';
import type { Readable, Writable } from 'node:stream';

/** What a command sees of the process it runs in. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly version: string;
}

/** Sets the exit code of a command that ended without an error. */
export type Finish = (exitCode: number) => void;

export type OutputFormat = 'text' | 'json';

/** `--output`, of commands whose result a program may read. */
export function outputOption(): Option {
  return new Option('--output <format>', 'how the result is printed')
    .choices(['text', 'json'] satisfies OutputFormat[])
    .default('text');
}

/** Writes a command's result to stdout: one line of JSON, or text for people. */
export function printResult(terminal: Terminal, output: OutputFormat, value: object, text: string): void {
  terminal.stdout.write(output === 'json' ? `${JSON.stringify(value)}\n` : `${text}\n`);
}
