import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseEgressAnnotation } from '../../src/egress-annotation.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly items?: Schema;
  readonly examples?: readonly unknown[];
}

const docs = join(import.meta.dirname, '../../../../docs');
const schema = JSON.parse(await readFile(join(docs, 'egress.schema.json'), 'utf8')) as Schema;
const { allow, ...rest } = schema.properties ?? {};
const read = (value: unknown) => parseEgressAnnotation(JSON.stringify(value));

test('the schema’s examples are read, and fit its patterns', () => {
  expect(schema.examples?.length).toBeGreaterThan(0);
  const pattern = new RegExp(allow?.items?.pattern ?? '^$');
  for (const example of schema.examples ?? []) {
    const { allow: entries } = read(example);
    expect(entries.filter((entry) => !pattern.test(entry))).toEqual([]);
  }
});

test('the schema knows every key that is read, with its bounds, and no other', () => {
  const numbers = Object.entries(rest).flatMap(([name, part]) =>
    Object.entries(part.properties ?? { [name]: part }).map(([inner, innerPart]) => ({
      part: innerPart,
      wrap: (value: number): object =>
        part === innerPart ? { allow: [], [name]: value } : { allow: [], [name]: { [inner]: value } },
    })),
  );
  expect(numbers).toHaveLength(5);
  for (const { part, wrap } of numbers) {
    const { minimum = Number.NaN, maximum = Number.NaN } = part;
    expect(() => read(wrap(minimum))).not.toThrow();
    expect(() => read(wrap(maximum))).not.toThrow();
    expect(() => read(wrap(minimum - 1))).toThrow('is a whole number from');
  }
  expect(schema.additionalProperties).toBe(false);
  expect(() => read({ allow: [], other: 1 })).toThrow(
    `there are ${Object.keys(schema.properties ?? {}).join(', ')}`,
  );
});

test('the page’s examples are read', async () => {
  const page = await readFile(join(docs, 'egress.md'), 'utf8');
  const values = [...page.matchAll(/wasmlet\.dev\/egress: '([^']*)'/g)].map(([, value = '']) => value);
  expect(values.length).toBeGreaterThan(0);
  for (const value of values) expect(() => parseEgressAnnotation(value)).not.toThrow();
});
