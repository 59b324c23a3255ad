import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const packageFile = (path: string): Promise<string> =>
  readFile(join(import.meta.dirname, '../..', path), 'utf8');

test('the README has every code of an error, and no other', async () => {
  const [source, readme] = await Promise.all([packageFile('src/errors.ts'), packageFile('README.md')]);
  const codes = [...source.matchAll(/^  \| '([A-Z_]+)'/gm)].map(([, code]) => code);
  const [, table = ''] = /### Errors(.*?)\n## /s.exec(readme) ?? [];
  const documented = [...table.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code]) => code);
  expect(codes.length).toBeGreaterThan(9);
  expect(documented).toEqual(codes);
});
