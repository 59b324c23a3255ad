import { describe, expect, test } from 'vitest';
import type { Descriptor } from '../../src/index.ts';
import { addArtifact, emptyModule } from '../fixtures/artifacts.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { describeBytes } from '../fixtures/repository.ts';
import { openSession, type Session } from '../fixtures/session.ts';

const bytes = Buffer.from('a layer');
const layer: Descriptor = describeBytes(bytes, 'application/octet-stream');
const open = ({ client, registry }: Session, repository: string) =>
  client.repository({ registry: registry.host, repository });
const me = { username: 'me', password: 'secret' };

describe('mounting', () => {
  test('makes a blob of another repository appear without sending it', async () => {
    await using session = await openSession();
    session.registry.content.addBlob('team/base', bytes);
    const app = open(session, 'team/app');
    const from = open(session, 'team/base').location;
    expect(await app.mount(layer, from)).toBe(true);
    expect(await app.has(layer)).toBe(true);
    expect(session.registry.content.openUploads).toBe(0);
  });

  test('asks a token server for both repositories', async () => {
    await using session = await openSession({ auth: { kind: 'token', users: { me: 'secret' } } });
    session.registry.content.addBlob('team/base', bytes);
    const name = { registry: session.registry.host, repository: 'team/app' };
    const app = session.client.repository(name, { credentials: [me] });
    expect(await app.has(layer)).toBe(false);
    expect(await app.mount(layer, { ...name, repository: 'team/base' })).toBe(true);
  });

  test('is not done where the other repository may not be read', async () => {
    const denied = { me: ['team/base'] };
    await using session = await openSession({ auth: { kind: 'token', users: { me: 'secret' }, denied } });
    session.registry.content.addBlob('team/base', bytes);
    const name = { registry: session.registry.host, repository: 'team/app' };
    const app = session.client.repository(name, { credentials: [me] });
    expect(await app.mount(layer, { ...name, repository: 'team/base' })).toBe(false);
    expect(await app.has(layer)).toBe(false);
  });

  test('takes back the upload that a registry begins instead, and does not ask again', async () => {
    await using session = await openSession({ mounts: false });
    session.registry.content.addBlob('team/base', bytes);
    const app = open(session, 'team/app');
    const from = open(session, 'team/base').location;
    expect(await app.mount(layer, from)).toBe(false);
    expect(await app.mount(layer, from)).toBe(false);
    expect(session.registry.content.openUploads).toBe(0);
    expect(session.seen().filter((line) => line.startsWith('POST'))).toHaveLength(1);
  });

  test('from another registry is not asked for', async () => {
    await using session = await openSession();
    const from = { registry: 'other.example', repository: 'team/base' };
    expect(await open(session, 'team/app').mount(layer, from)).toBe(false);
    expect(session.seen().filter((line) => line.startsWith('POST'))).toEqual([]);
  });
});

describe('deleting', () => {
  test('removes a manifest with its tags, and a blob', async () => {
    await using session = await openSession();
    const digest = addArtifact(session.registry, emptyModule);
    const app = open(session, 'team/app');
    const root = await app.resolve({ ...app.location, tag: 'v1' });
    await app.delete(root);
    expect(session.registry.content.manifest('team/app', digest)).toBeUndefined();
    expect(await failureOf(app.resolve({ ...app.location, tag: 'v1' }))).toMatchObject({
      code: 'MANIFEST_UNKNOWN',
    });
    session.registry.content.addBlob('team/app', bytes);
    await app.delete(layer);
    expect(await app.has(layer)).toBe(false);
  });

  test('says what is not there', async () => {
    await using session = await openSession();
    addArtifact(session.registry, emptyModule);
    const app = open(session, 'team/app');
    const root = await app.resolve({ ...app.location, tag: 'v1' });
    expect(await failureOf(app.delete(layer))).toMatchObject({ code: 'BLOB_UNKNOWN', status: 404 });
    await app.delete(root);
    expect(await failureOf(app.delete(root))).toMatchObject({ code: 'MANIFEST_UNKNOWN', status: 404 });
  });

  test('says that the registry does not allow it', async () => {
    await using session = await openSession({ deletes: false });
    session.registry.content.addBlob('team/app', bytes);
    expect(await failureOf(open(session, 'team/app').delete(layer))).toMatchObject({
      code: 'UNSUPPORTED',
      status: 405,
      host: session.registry.host,
    });
  });

  test('is refused in a repository opened for reading', async () => {
    await using session = await openSession();
    const name = { registry: session.registry.host, repository: 'team/app' };
    const app = session.client.repository(name, { readOnly: true });
    expect(await failureOf(app.delete(layer))).toMatchObject({ code: 'DENIED' });
    expect(await failureOf(app.mount(layer, name))).toMatchObject({ code: 'DENIED' });
  });
});
