// Runs one script in a process of its own: `node script-process.ts FILE`. A line of JSON for the number of its steps, then one for
// each, as it comes.
import { readFileSync, writeSync } from 'node:fs';
import process from 'node:process';
import { readDirective } from './read-directive.ts';
import { readExpressions } from './read-expressions.ts';
import { runScript } from './run-script.ts';

const directives = readExpressions(readFileSync(process.argv[2] ?? '', 'utf8')).map(readDirective);
writeSync(1, `${JSON.stringify(directives.map(({ line, kind }) => ({ line, kind })))}\n`);
for await (const outcome of runScript(directives)) writeSync(1, `${JSON.stringify(outcome)}\n`);
