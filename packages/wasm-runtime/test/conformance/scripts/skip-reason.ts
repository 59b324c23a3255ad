/** What skipped steps are grouped by, by the words of the linker and the assembler. */
const groups: readonly (readonly [words: RegExp, reason: string])[] = [
  [/WASI 0\.3|asynchronous/, 'asynchronous functions and their built-ins (WASI 0.3)'],
  [/64-bit memories/, '64-bit memories'],
  [/text that the assembler refuses/, 'text that the assembler of jco-transpile does not read'],
  [/which is a (?:core-module|component|instance)/, 'modules, components or nested instances from the host'],
  [/nothing provides/, 'functions of the suite’s own host that ours does not have'],
  [/of core modules/, 'core modules alone'],
];

export function skipReason(detail = ''): string {
  return groups.find(([words]) => words.test(detail))?.[1] ?? detail;
}
