/** What the suites call a trap, and what it is called here. */
const sameTraps: readonly (readonly [theirs: RegExp, ours: RegExp])[] = [
  [/out[ -]of[ -]bounds/, /out of bounds|beyond end of memory/],
  [/unaligned pointer|not aligned/, /unaligned pointer|not aligned/],
  [/invalid utf-8|incomplete utf-8|invalid utf16|unpaired surrogate|invalid string/, /invalid string/],
  [/invalid variant discriminant|discriminant \d+ out of range/, /invalid variant discriminant/],
  [/unreachable/, /unreachable/],
  [/uncaught exception/, /uncaught exception/],
  [/used with the wrong type/, /handle index \d+ is a .*, not a/],
  [/cannot remove owned resource while borrowed/, /is lent at the moment/],
  [/cannot enter component instance/, /the instance has ended/],
];

/** Whether a trap is the one that a suite wants, in its words or in ours. */
export function isSameTrap(wanted: string, said: string): boolean {
  return said.includes(wanted) || sameTraps.some(([theirs, ours]) => theirs.test(wanted) && ours.test(said));
}
