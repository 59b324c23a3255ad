import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const page = join(import.meta.dirname, '../../../../docs/security.md');

test('each promise of docs/security.md names a test that there is', async () => {
  const text = (await readFile(page, 'utf8')).replaceAll(/\s+/g, ' ');
  const missing: string[] = [];
  let named = 0;
  for (const section of text.split(' ## ')) {
    // A title belongs to one of the files of its section.
    const files = [...section.matchAll(/\]\((\S+\.test\.ts)\)/g)].map(([, file = '']) =>
      join(dirname(page), file),
    );
    const sources = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    for (const [, title = ''] of section.matchAll(/“(.*?)”/g)) {
      named += 1;
      if (!sources.some((source) => source.includes(title))) missing.push(title);
    }
  }
  expect(missing).toEqual([]);
  expect(named).toBeGreaterThan(40);
});
