import { expect, test } from 'vitest';
import { compatibleVersion, parseVersion } from '../../../src/index.ts';

test.each([
  ['0.2.0', '0.2.8', true],
  ['0.2.8', '0.2.0', true],
  ['0.2.0', '0.3.0', false],
  ['1.2.0', '1.9.3', true],
  ['1.2.0', '2.0.0', false],
  ['0.0.3', '0.0.3', true],
  ['0.0.3', '0.0.4', false],
  ['0.3.0-rc-2025-09-16', '0.3.0-rc-2025-09-16', true],
  ['0.3.0-rc-2025-09-16', '0.3.0-rc-2026-01-06', false],
  ['0.3.0-rc-2025-09-16', '0.3.0', false],
  ['1.0.0+a', '1.0.1+b', true],
  ['0.2', '0.2.5', true],
  ['1', '1.4.0', true],
  ['0.2', '0.3.0', false],
  ['0.2', '0.2.5-rc.1', false],
  [undefined, undefined, true],
  [undefined, '0.2.0', false],
  ['0.2.0', undefined, false],
  ['nonsense', '0.2.0', false],
  ['nonsense', 'nonsense', true],
])('who wants %s is served by %s: %o', (wanted, offered, served) => {
  expect(compatibleVersion(wanted, offered)).toBe(served);
});

test.each([
  ['1.2.3', { major: '1', minor: '2', patch: '3' }],
  ['0.0.0-a.1.x-y+b.01', { major: '0', minor: '0', patch: '0', preRelease: 'a.1.x-y' }],
  ['18446744073709551616.0.0', { major: '18446744073709551616', minor: '0', patch: '0' }],
  ['1.2', undefined],
  ['1.2.3.4', undefined],
  ['01.2.3', undefined],
  ['1.2.3-', undefined],
  ['1.2.3-01', undefined],
  ['1.2.3-a..b', undefined],
  ['1.2.3+', undefined],
  ['1.2.3+a..b', undefined],
  [' 1.2.3', undefined],
])('%o is the version %o', (text, version) => {
  expect(parseVersion(text)).toEqual(version);
});
