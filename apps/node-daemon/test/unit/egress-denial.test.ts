import { expect, test } from 'vitest';
import { describeDenial } from '../../src/local/egress-denial.ts';

test('a denial becomes one printable line of bounded length, whatever the guest asked for', () => {
  const report = { kind: 'egress-denied', message: `evil\n\u001b[31m${'x'.repeat(10_000)} is not allowed` };
  const line = describeDenial(report);
  expect(line).toMatch(/^a connection was denied: evil\?\?\[31mx+…$/);
  expect(line?.length).toBeLessThan(400);
});

test('other reports are no denial', () => {
  expect(describeDenial({ kind: 'other' })).toBeUndefined();
  expect(describeDenial(undefined)).toBeUndefined();
});
