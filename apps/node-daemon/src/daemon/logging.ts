import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';
import type { Terminal } from '../commands/terminal.ts';
import { UsageError } from '../errors.ts';

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Log lines on stderr: JSON, or for people when stderr is a terminal. stdout is never touched. */
export function createLogger(terminal: Terminal, level: string = 'info'): Logger {
  if (!(levels as readonly string[]).includes(level)) {
    throw new UsageError(`--log-level "${level}" is none of ${levels.join(', ')}.`);
  }
  const options = { base: null, level, timestamp: pino.stdTimeFunctions.isoTime };
  return terminal.stderr.isTTY === true
    ? pino(options, pretty({ destination: 2, sync: true, translateTime: 'HH:MM:ss', ignore: 'pid,hostname' }))
    : pino(options, pino.destination({ dest: 2, sync: true }));
}
