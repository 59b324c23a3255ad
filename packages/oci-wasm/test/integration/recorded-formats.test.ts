import { describe, expect, test } from 'vitest';
import { judgeWasm, readArtifact, readModuleBytes } from '../../src/index.ts';
import { addRecorded, recordedArtifacts, type RecordedName } from '../fixtures/recorded-artifacts.ts';
import { openSession } from '../fixtures/session.ts';

const command = { kind: 'module', world: { role: 'command', wasi: '0.1' }, entry: '_start' };

describe('what a tool has pushed is what it is:', () => {
  test.each<[RecordedName, object, object]>([
    [
      'wkg-module',
      { format: 'cncf', kind: 'module', reason: 'its config is of type application/vnd.wasm.config.v0+json' },
      command,
    ],
    [
      'wkg-component',
      {
        format: 'cncf',
        kind: 'component',
        reason: 'its config is of type application/vnd.wasm.config.v0+json',
      },
      { kind: 'component', world: { role: 'http-server', wasi: '0.2' } },
    ],
    ['wkg-wit', { format: 'cncf', kind: 'wit-package' }, { kind: 'wit-package' }],
    [
      'wasm-to-oci',
      {
        format: 'wasm-to-oci',
        kind: 'module',
        reason: 'its config is of type application/vnd.wasm.config.v1+json',
      },
      command,
    ],
    [
      'spin',
      {
        format: 'spin',
        kind: 'component',
        reason: 'it has a lock file of type application/vnd.fermyon.spin.application.v1+config',
        application: { component: 'hello', triggers: ['http'], env: [['GREETING', 'hello']] },
      },
      { kind: 'component', world: { role: 'http-server', wasi: '0.2' } },
    ],
    [
      'oci-tar-builder',
      {
        format: 'wasm-layer',
        kind: 'module',
        reason: 'its layer is of type application/vnd.bytecodealliance.wasm.component.layer.v0+wasm',
        program: { entrypoint: ['app.wasm'], cmd: [], env: [], workingDir: '/' },
      },
      command,
    ],
    [
      'crane-compat',
      {
        format: 'compat',
        kind: 'module',
        reason: 'its platform is wasi/wasm',
        program: { entrypoint: ['/bin/app.wasm'], cmd: ['serve'], env: [['A', '1']], workingDir: '/' },
      },
      command,
    ],
    [
      'crane-crun',
      {
        format: 'compat',
        kind: 'module',
        reason: 'its annotation module.wasm.image/variant is compat-smart',
        program: { entrypoint: ['/bin/app.wasm'], cmd: [], env: [], workingDir: '/' },
      },
      command,
    ],
    [
      'wasme',
      {
        format: 'wasmcloud',
        kind: 'module',
        reason: 'its layer is of type application/vnd.module.wasm.content.layer.v1+wasm',
      },
      command,
    ],
    [
      'oras-wasmcloud',
      {
        format: 'wasmcloud',
        kind: 'module',
        reason: 'its layer is of type application/vnd.module.wasm.content.layer.v1+wasm',
      },
      command,
    ],
    ['oras', { format: 'oras', kind: 'module', reason: 'its layer is of type application/wasm' }, command],
    ['oras-plain', { format: 'oras', kind: 'module', reason: 'its only layer begins with \\0asm' }, command],
  ])('%s', async (name, artifact, verdict) => {
    await using session = await openSession();
    const digest = await addRecorded(session.registry, name);
    const pulled = await session.pullAny();
    expect(pulled).toMatchObject({ digest, platform: 'wasi/wasm', ...artifact });
    const read = await readArtifact(session.store, digest);
    expect(judgeWasm(await readModuleBytes(session.store, read))).toMatchObject(verdict);
  });

  test('all of them are looked at', () => {
    expect(Object.keys(recordedArtifacts)).toHaveLength(12);
  });
});
