// Prints the figures of docs/conformance.md: `node --conditions=@wasmlet/source report.ts`, with the variables of suites.ts set.
import { writeSync } from 'node:fs';
import { differences, reasons } from './differences.ts';
import { runFile } from './run-file.ts';
import { skipReason } from './skip-reason.ts';
import { pathOf, scriptsOf, scriptSuites } from './suites.ts';

for (const suite of scriptSuites) {
  const counts = new Map<string, number>();
  const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
  const scripts = scriptsOf(suite);
  for (const script of scripts) {
    for (const { line, outcome, detail } of await runFile(pathOf(suite, script))) {
      count('steps');
      count(outcome);
      if (outcome === 'skipped') count(`skipped: ${reasonOfSkip(script, detail)}`);
      if (outcome === 'failed') count(`failed: ${reasonOfFailure(script, line)}`);
    }
  }
  writeSync(1, `${suite.name}: ${scripts.length} scripts\n`);
  for (const [what, number] of [...counts].toSorted(([one], [other]) => one.localeCompare(other)))
    writeSync(1, `  ${number} ${what}\n`);
}

/** A step after a component that could not be made is of the kind that its script is about. */
function reasonOfSkip(script: string, detail: string | undefined): string {
  const reason = skipReason(detail);
  const unexplained = reason === detail || reason.startsWith('text that');
  return unexplained && /async|threading|gc\//.test(script) ? skipReason('WASI 0.3') : reason;
}

function reasonOfFailure(script: string, line: number): string {
  const known = differences.find((one) => script.endsWith(one.script) && one.lines.includes(line));
  return known ? reasons[known.why] : `${script}:${line}`;
}
