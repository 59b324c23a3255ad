import { describe, expect, test } from 'vitest';
import { parseManifestJson } from '../../src/content/manifest-json.ts';
import { parseStrictJson } from '../../src/content/strict-json.ts';
import { seeded } from '../fixtures/seeded.ts';

const parse = (text: string) => parseStrictJson(Buffer.from(text));

describe('JSON is read as it is when', () => {
  test.each([
    ['names are the same in different objects', '{"a":{"b":1},"c":{"b":2},"b":[{"b":1},{"b":1}]}'],
    ['names differ in case alone', '{"maintainer":1,"Maintainer":2}'],
    ['texts look like names', '{"a":"\\"b\\":","b":["a","a","\\\\"],"c":"a"}'],
    ['it has all kinds of values', ' [ 1e3, -0.5, true, false, null, "", {}, [] ]\n'],
    ['it is one text', '"\\u00e9\\ud83d\\ude00"'],
    ['a name is empty', '{"":1}'],
  ])('%s', (_title, text) => {
    expect(parse(text)).toEqual(JSON.parse(text));
  });

  test('it is nested as deep as may be', () => {
    expect(parse(`${'['.repeat(64)}${']'.repeat(64)}`)).toHaveLength(1);
  });
});

describe('refused is', () => {
  test.each([
    ['a name that is there twice', '{"layers":[],"config":{},"layers":[]}', 'has "layers" twice'],
    ['one that is written in two ways', '{"layers":[],"l\\u0061yers":[]}', 'has "layers" twice'],
    ['one behind an object', '{"a":{"x":{}},"a":1}', 'has "a" twice'],
    ['one deep inside', '[[{"b":[{"a":1,"a":1}]}]]', 'has "a" twice'],
    ['the empty name twice', '{"":1,"":2}', 'has "" twice'],
    ['what is no JSON', '{"a":1', 'is not JSON'],
    ['what is no JSON any more', '{} {}', 'is not JSON'],
    ['a text that does not end', '{"a\\', 'is not JSON'],
    ['a comma too many', '{"a":1,}', 'is not JSON'],
    ['nothing', '', 'is not JSON'],
    ['a byte order mark', '\ufeff{}', 'is not JSON'],
    ['a list in a list in a list …', '['.repeat(65), 'is nested more than 64 deep'],
    ['an object in an object …', '{"a":'.repeat(1_000_000), 'is nested more than 64 deep'],
    ['more values than any list has', `[${'0,'.repeat(250_000)}0]`, 'has more than 250000 values'],
    ['as many empty objects', `[${'{},'.repeat(200_000)}{}]`, 'has more than 250000 values'],
  ])('%s', (_title, text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  test('what is no UTF-8', () => {
    expect(() => parseStrictJson(Uint8Array.of(0x22, 0xc3, 0x28, 0x22))).toThrow('is no UTF-8');
  });
});

const outcomeOf = (read: () => unknown): string => {
  try {
    return JSON.stringify(read());
  } catch (error) {
    return (error as Error).message.endsWith('twice') ? 'twice' : 'no JSON';
  }
};

test('whatever JSON.parse reads is read, and nothing else', () => {
  const random = seeded(20_261_124);
  const pieces = ['{', '}', '[', ']', ',', ':', '"a"', '"b"', '"\\""', '\\', '"', '1', 'null', ' ', '"a":'];
  const texts = Array.from({ length: 20_000 }, () => {
    const length = 1 + Math.floor(random() * 9);
    return Array.from({ length }, () => pieces[Math.floor(random() * pieces.length)]).join('');
  });
  const outcomes = texts.map((text) => [
    text,
    outcomeOf(() => parse(text)),
    outcomeOf(() => JSON.parse(text)),
  ]);
  expect(outcomes.filter(([, ours, other]) => ours !== other && ours !== 'twice')).toEqual([]);
  expect(outcomes.filter(([, ours]) => ours === 'twice').every(([, , other]) => other !== 'no JSON')).toBe(
    true,
  );
  expect(outcomes.filter(([, ours]) => ours !== 'no JSON').length).toBeGreaterThan(400);
});

describe('a manifest is refused', () => {
  const layer = { mediaType: 'x/y', digest: `sha256:${'0'.repeat(64)}`, size: 1 };
  test.each<[string, unknown, string]>([
    ['with a field in other letters', { Layers: [layer] }, 'has a field "Layers"'],
    ['with one in letters that only look other', { ['layer\u017f']: [layer] }, 'has a field "layer\u017f"'],
    ['with one in a layer', { layers: [layer, { ...layer, Digest: 'x' }] }, 'has a field "Digest"'],
    ['with one in its config', { config: { ...layer, SIZE: 2 } }, 'has a field "SIZE"'],
    ['with one in an entry', { manifests: [{ ...layer, mediatype: 'x' }] }, 'has a field "mediatype"'],
    ['that is an index as well', { manifests: [layer], layers: [layer] }, 'an index and an image at once'],
    ['that is a list', [layer], 'is no JSON object'],
  ])('%s', (_title, manifest, message) => {
    expect(() => parseManifestJson(Buffer.from(JSON.stringify(manifest)))).toThrow(message);
  });

  test('not for annotations in any letters', () => {
    const manifest = { layers: [{ ...layer, annotations: { Size: '1' } }], annotations: { Layers: '1' } };
    expect(parseManifestJson(Buffer.from(JSON.stringify(manifest)))).toEqual(manifest);
  });
});
