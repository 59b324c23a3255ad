const escapes = new Map([
  ['SP', '@'],
  ['BP', '*'],
  ['RF', '&'],
  ['LT', '<'],
  ['GT', '>'],
  ['LP', '('],
  ['RP', ')'],
  ['C', ','],
]);

/**
 * `_ZN3std3env4args17h0123456789abcdefE` → `std::env::args`: Rust's older mangling, its hash left out; what stands before or behind it stays. What is not of that
 * form stays as it is.
 */
export function demangleRust(name: string): string {
  const [prefix = '', module = ''] = /^(.*?)_ZN/.exec(name) ?? [];
  if (prefix === '') return name;
  const parts: string[] = [];
  let at = prefix.length;
  while (name[at] !== 'E') {
    const [digits] = /^\d{1,4}/.exec(name.slice(at, at + 4)) ?? [];
    const length = Number(digits);
    if (digits === undefined || length === 0 || at + digits.length + length >= name.length) return name;
    at += digits.length;
    parts.push(name.slice(at, at + length));
    at += length;
  }
  if (!/^h[0-9a-f]{16}$/.test(parts.at(-1) ?? '')) return name;
  return `${module}${parts.slice(0, -1).map(unescapePart).join('::')}${name.slice(at + 1)}`;
}

function unescapePart(part: string): string {
  return part
    .replace(/^_(?=\$)/, '')
    .replace(/\$(SP|BP|RF|LT|GT|LP|RP|C)\$/g, (whole, code: string) => escapes.get(code) ?? whole)
    .replace(/\$u([0-9a-f]{2,4})\$/g, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll('..', '::');
}
