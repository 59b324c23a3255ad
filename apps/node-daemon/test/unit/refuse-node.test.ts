import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { refuseNode } from '../../src/refuse-node.ts';

test('an older Node.js is refused, with what is needed', () => {
  for (const version of ['18.0.0', '20.20.2', '24.19.9', '23.99.0']) {
    expect(refuseNode(version)).toBe(`wasmlet needs Node.js 24.20 or newer, and this is ${version}`);
  }
  for (const version of ['24.20.0', '24.21.1', '26.0.0', '100.0.0'])
    expect(refuseNode(version)).toBeUndefined();
});

test('the oldest is what the package says', () => {
  const [, oldest = ''] = /^>=(\d+\.\d+)$/.exec(packageJson.engines.node) ?? [];
  expect(refuseNode(`${oldest}.0`)).toBeUndefined();
  expect(refuseNode('0.0.0')).toContain(`Node.js ${oldest} or newer`);
});
