import { describe, expect, test } from 'vitest';
import { judgeWasm } from '../../src/index.ts';
import { componentWith, moduleWith, witPackage } from '../fixtures/binaries.ts';

const preview1 = { module: 'wasi_snapshot_preview1', name: 'fd_write' };

describe('a module', () => {
  test.each([
    ['that starts', moduleWith([preview1], ['_start']), { role: 'command', wasi: '0.1' }, '_start'],
    [
      'of the days before',
      moduleWith([{ ...preview1, module: 'wasi_unstable' }], ['_start']),
      { role: 'command', wasi: 'unstable' },
      '_start',
    ],
    [
      'that waits',
      moduleWith([preview1], ['_initialize', 'add']),
      { role: 'library', wasi: '0.1' },
      undefined,
    ],
    ['without WASI', moduleWith([], ['add']), { role: 'library', wasi: 'none' }, undefined],
  ])('%s', (_title, bytes, world, entry) => {
    expect(judgeWasm(bytes)).toMatchObject({ kind: 'module', world });
    expect(judgeWasm(bytes)).toHaveProperty('entry', entry);
  });
});

describe('a component', () => {
  test.each([
    ['that runs', ['wasi:io/streams@0.2.3'], ['wasi:cli/run@0.2.3'], { role: 'command', wasi: '0.2' }],
    [
      'that runs with 0.3',
      ['wasi:io/streams@0.2.3'],
      ['wasi:cli/run@0.3.0-rc-2026-03-15'],
      { role: 'command', wasi: '0.3' },
    ],
    ['that serves', [], ['wasi:http/incoming-handler@0.2.0'], { role: 'http-server', wasi: '0.2' }],
    ['that serves with 0.3', [], ['wasi:http/handler@0.3.0'], { role: 'http-server', wasi: '0.3' }],
    [
      'that serves and runs',
      [],
      ['wasi:cli/run@0.2.3', 'wasi:http/incoming-handler@0.2.0'],
      { role: 'http-server', wasi: '0.2' },
    ],
    [
      'that serves with 0.3 and runs with 0.2',
      [],
      ['wasi:http/handler@0.3.0', 'wasi:cli/run@0.3.0', 'wasi:cli/run@0.2.3'],
      { role: 'command', wasi: '0.2' },
    ],
    ['that waits', ['wasi:io/streams@0.2.3'], ['acme:math/add'], { role: 'library', wasi: '0.2' }],
    ['that only sounds so', [], ['wasi:http/handlers@0.2.0'], { role: 'library', wasi: '0.2' }],
    ['without WASI', ['acme:io/streams@0.3.0'], ['add'], { role: 'library', wasi: 'none' }],
  ])('%s', (_title, imports, exports, world) => {
    const verdict = judgeWasm(componentWith(imports, exports));
    expect(verdict).toMatchObject({ kind: 'component', world, description: { imports, exports } });
    expect(verdict).toHaveProperty('entry', world.role === 'library' ? undefined : exports.at(-1));
  });
});

test('a WIT package has nothing to run', () => {
  expect(judgeWasm(witPackage('acme:math/types'))).toMatchObject({
    kind: 'wit-package',
    description: { exports: ['acme:math/types'] },
  });
});
