import { expect, test } from 'vitest';
import { isLabel, parseExternName } from '../../../src/index.ts';

test.each(['a', 'a-b-c', 'a1-2-3', 'A', 'A-B', 'is-XML', 'a11-w0rds', 'A11-4CR0NYMS'])(
  '%s is a label',
  (name) => {
    expect(isLabel(name)).toBe(true);
  },
);

test.each(['', '-', 'a-', '-a', 'a--b', '1', '1-a', 'aB', 'Ab', 'a_b', 'ä', 'a b', 'a\n'])(
  '%o is no label',
  (name) => {
    expect(isLabel(name)).toBe(false);
  },
);

const sha = 'sha256-abc+/DEF=';

test.each([
  ['run', { kind: 'plain', label: 'run' }],
  ['[constructor]r', { kind: 'constructor', resource: 'r' }],
  ['[method]r.f-g', { kind: 'method', resource: 'r', member: 'f-g' }],
  ['[static]R-2.f', { kind: 'static', resource: 'R-2', member: 'f' }],
  ['a:b/c', { kind: 'interface', namespace: 'a', package: 'b', interface: 'c' }],
  [
    'wasi:http/types@0.2.3',
    { kind: 'interface', namespace: 'wasi', package: 'http', interface: 'types', version: '0.2.3' },
  ],
  ['a:b/c@0.2', { kind: 'interface', namespace: 'a', package: 'b', interface: 'c', version: '0.2' }],
  ['url=<https://example.com/?a=b>', { kind: 'url', url: 'https://example.com/?a=b' }],
  [`url=<x>,integrity=<${sha}>`, { kind: 'url', url: 'x', integrity: sha }],
  [`integrity=<${sha} sha512-x>`, { kind: 'integrity', integrity: `${sha} sha512-x` }],
  ['locked-dep=<a:b>', { kind: 'locked-dep', package: 'a:b' }],
  [
    `locked-dep=<a:b/c@1.0.0>,integrity=<${sha}>`,
    { kind: 'locked-dep', package: 'a:b/c', version: '1.0.0', integrity: sha },
  ],
  ['unlocked-dep=<a:b>', { kind: 'unlocked-dep', package: 'a:b' }],
  ['unlocked-dep=<a:b@*>', { kind: 'unlocked-dep', package: 'a:b', range: '*' }],
  ['unlocked-dep=<a:b@{>=1.0.0}>', { kind: 'unlocked-dep', package: 'a:b', range: '{>=1.0.0}' }],
  [
    'unlocked-dep=<a:b@{>=1.0.0 <2.0.0}>',
    { kind: 'unlocked-dep', package: 'a:b', range: '{>=1.0.0 <2.0.0}' },
  ],
  ['unlocked-dep=<a:b@{<2.0.0}>', { kind: 'unlocked-dep', package: 'a:b', range: '{<2.0.0}' }],
])('%s is split', (name, parts) => {
  expect(parseExternName(name)).toEqual(parts);
});

test.each([
  '',
  'a.b',
  '[method]r',
  '[method]r.f.g',
  '[method].f',
  '[constructor]r.f',
  '[async]f',
  'a:b',
  'a:/c',
  'a:b/',
  'A:b/c',
  'a:b:c/d',
  'a:b/c/d',
  'a:b/c@',
  'a:b/c@1.2',
  'a:b/c@0.2.3.4',
  'a:b/c@0.2.3 ',
  'url=<a<b>',
  'url=a',
  'url=<a>,integrity=<>',
  'integrity=<md5-abc>',
  'integrity=<>',
  'locked-dep=<a>',
  'locked-dep=<a:b@1>',
  'unlocked-dep=<a:b@1.0.0>',
  'unlocked-dep=<a:b@{1.0.0}>',
  'unlocked-dep=<a:b@{>=1.0}>',
  'unlocked-dep=<a:b@{>=1.0.0,<2.0.0}>',
])('%o is no name of an import or export', (name) => {
  expect(parseExternName(name)).toBeUndefined();
});

test('a version in short is completed by its suffix, and only such a one is', () => {
  const types = { kind: 'interface', namespace: 'wasi', package: 'http', interface: 'types' };
  expect(parseExternName('wasi:http/types@0.2', '.3')).toEqual({ ...types, version: '0.2.3' });
  expect(parseExternName('wasi:http/types@1', '.0.0-rc.1')).toEqual({ ...types, version: '1.0.0-rc.1' });
  for (const [name, suffix] of [
    ['wasi:http/types@0.2.3', '.4'],
    ['wasi:http/types@0.2', '3'],
    ['wasi:http/types@0.2', '.x'],
    ['wasi:http/types', '.3'],
    ['run', '.3'],
  ] as const) {
    expect(parseExternName(name, suffix), `${name} ${suffix}`).toBeUndefined();
  }
});

test('long names that are nearly right are told from those that are in no time', () => {
  const before = process.threadCpuUsage();
  for (const [start, part] of [
    ['a', '-a'],
    ['a:b/c@1.0.0-', 'a.'],
    ['unlocked-dep=<a:b@{', '<'],
    ['integrity=<', 'sha256-a= '],
    ['url=<', 'x'],
  ] as const) {
    expect(parseExternName(`${start}${part.repeat(50_000)}!`)).toBeUndefined();
  }
  expect(process.threadCpuUsage(before).user).toBeLessThan(500_000);
});
