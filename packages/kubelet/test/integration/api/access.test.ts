import { once } from 'node:events';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { virtualClock, type VirtualClock } from '../../../src/testing.ts';
import { createAuthority } from '../../fixtures/certificate-authority.ts';
import { adminSubject, anonymous, type KubeletApi, startKubeletApi, withToken } from './kubelet-api.ts';

let api: KubeletApi;
let time: VirtualClock;

beforeEach(async () => {
  time = virtualClock(new Date());
  api = await startKubeletApi({ clock: time.clock });
});
afterEach(() => api[Symbol.asyncDispose]());

describe('a client without a certificate that is believed', () => {
  test('is refused everywhere, also where there is nothing', async () => {
    for (const path of ['/healthz', '/pods', '/containerLogs/a/b/c', '/exec/a/b/c', '/nothing', '/../pods']) {
      expect(await api.ask(path, anonymous)).toMatchObject({ status: 401, body: 'Unauthorized' });
    }
    expect(api.authorizer.asked).toEqual([]);
  });

  test.each(['Basic dXNlcjpwYXNz', 'Bearer', 'Bearer ', 'nonsense', 'Bearertoken'])(
    'is refused with the header %j without asking anybody',
    async (authorization) => {
      const { status } = await api.ask('/pods', { ...anonymous, headers: { authorization } });
      expect(status).toBe(401);
      expect(api.authorizer.askedTokens).toEqual([]);
    },
  );

  test('is refused when another authority signed the certificate', async () => {
    const other = await createAuthority();
    expect(await api.ask('/pods', await other.issue(adminSubject))).toMatchObject({ status: 401 });
  });

  test('is refused when the certificate is out of date', async () => {
    const old = await api.authority.issue({ ...adminSubject, notAfter: new Date(Date.now() - 1_000) });
    expect(await api.ask('/pods', old)).toMatchObject({ status: 401 });
  });

  test('is refused when the certificate is for a server', async () => {
    expect(
      await api.ask('/pods', await api.authority.issue({ ...adminSubject, usage: 'server' })),
    ).toMatchObject({ status: 401 });
  });

  test('is refused when the certificate names nobody', async () => {
    const nobody = await api.authority.issue({ organization: 'system:masters' });
    expect(await api.ask('/pods', nobody)).toMatchObject({ status: 401 });
  });

  test('is believed by its token, also when it shows a bad certificate', async () => {
    api.authorizer.tokens.set('good', { username: 'ann', uid: '1', groups: ['devs'] });
    const other = await createAuthority();
    expect(await api.ask('/pods', withToken('good'))).toMatchObject({ status: 200 });
    const both = { ...withToken('good'), ...(await other.issue(adminSubject)) };
    expect(await api.ask('/pods', both)).toMatchObject({ status: 200 });
    expect(api.authorizer.asked[0]?.user).toEqual({
      username: 'ann',
      uid: '1',
      groups: ['devs', 'system:authenticated'],
    });
  });

  test('is refused with a token that is not known, or cannot be reviewed', async () => {
    expect(await api.ask('/pods', withToken('bad'))).toMatchObject({ status: 401, body: 'Unauthorized' });
    api.authorizer.failure = new Error('the API server is away');
    expect(await api.ask('/pods', withToken('good'))).toMatchObject({ status: 401, body: 'Unauthorized' });
  });
});

describe('a client with a certificate', () => {
  test('is the user in its common name and in the groups of its organisations', async () => {
    const ann = await api.authority.issue({ organization: ['a, b', 'c'], commonName: 'ann+1' });
    await api.ask('/pods', ann);
    expect(api.authorizer.asked[0]?.user).toEqual({
      username: 'ann+1',
      groups: ['a, b', 'c', 'system:authenticated'],
    });
  });

  test('needs no token review', async () => {
    const headers = { authorization: 'Bearer whatever' };
    expect(await api.ask('/pods', { headers })).toMatchObject({ status: 200 });
    expect(api.authorizer.askedTokens).toEqual([]);
  });

  test('is no longer believed on its old connection when the certificate has run out', async () => {
    const socket = connect({
      host: api.server.address,
      port: api.server.port,
      ca: api.authority.cert,
      ...api.admin,
    });
    const status = async (): Promise<string> => {
      socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
      const [data] = (await once(socket, 'data')) as [Buffer];
      return data.toString('latin1').slice(0, 12);
    };
    expect(await status()).toBe('HTTP/1.1 200');
    await time.advance(2 * 60 * 60_000);
    expect(await status()).toBe('HTTP/1.1 401');
    socket.destroy();
  });
});

describe('authorization', () => {
  test('asks for the node and the subresource of the path, the finer one first', async () => {
    api.authorizer.may = (_user, { subresource }) => subresource === 'proxy';
    expect(await api.ask('/pods')).toMatchObject({ status: 200 });
    expect(api.authorizer.asked.map(({ attributes }) => attributes)).toEqual([
      { verb: 'get', resource: 'nodes', subresource: 'pods', name: 'node-1' },
      { verb: 'get', resource: 'nodes', subresource: 'proxy', name: 'node-1' },
    ]);
  });

  test('stops at the first subresource that is allowed', async () => {
    api.authorizer.may = (_user, { subresource }) => subresource === 'healthz';
    expect(await api.ask('/healthz')).toMatchObject({ status: 200, body: 'ok' });
    expect(api.authorizer.asked).toHaveLength(1);
  });

  test('says who may not do what', async () => {
    api.authorizer.may = () => false;
    expect(await api.ask('/pods')).toMatchObject({
      status: 403,
      body: 'Forbidden (user=admin, verb=get, resource=nodes, subresource(s)=[pods proxy])\n',
    });
    expect(await api.ask('/exec/a/b/c', { method: 'POST' })).toMatchObject({
      status: 403,
      body: 'Forbidden (user=admin, verb=create, resource=nodes, subresource(s)=[proxy])\n',
    });
    expect(await api.ask('/nothing', { method: 'DELETE' })).toMatchObject({ status: 403 });
  });

  test('that cannot be had refuses', async () => {
    api.authorizer.failure = new Error('the API server is away');
    expect(await api.ask('/pods')).toMatchObject({
      status: 500,
      body: 'Authorization error (user=admin, verb=get, resource=nodes, subresource=pods)',
    });
    api.authorizer.failure = undefined;
    expect(await api.ask('/pods')).toMatchObject({ status: 200 });
  });

  test('of commands over GET, as WebSockets begin, needs the right to create', async () => {
    api.authorizer.may = (_user, { verb }) => verb === 'get';
    expect(await api.ask('/exec/default/pod/main?command=sh')).toMatchObject({ status: 403 });
    expect(await api.ask('/containerLogs/default/pod/main')).toMatchObject({ status: 404 });
  });
});

describe('reviews are remembered', () => {
  test('those of tokens for two minutes, good ones and bad ones', async () => {
    api.authorizer.tokens.set('good', { username: 'ann', groups: [] });
    for (let round = 0; round < 2; round++) {
      await api.ask('/pods', withToken('good'));
      await api.ask('/pods', withToken('bad'));
      await time.advance(119_000);
    }
    expect(api.authorizer.askedTokens).toEqual(['good', 'bad']);
    await time.advance(2_000);
    api.authorizer.tokens.delete('good');
    expect(await api.ask('/pods', withToken('good'))).toMatchObject({ status: 401 });
  });

  test('permission for five minutes, its refusal for half a minute', async () => {
    await api.ask('/pods');
    await time.advance(299_000);
    await api.ask('/pods');
    expect(api.authorizer.asked).toHaveLength(1);

    api.authorizer.may = () => false;
    await time.advance(2_000);
    expect(await api.ask('/pods')).toMatchObject({ status: 403 });
    await time.advance(29_000);
    api.authorizer.may = () => true;
    expect(await api.ask('/pods')).toMatchObject({ status: 403 });
    await time.advance(2_000);
    expect(await api.ask('/pods')).toMatchObject({ status: 200 });
  });

  test('of one user do not serve another', async () => {
    api.authorizer.may = ({ username }) => username === 'admin';
    expect(await api.ask('/pods')).toMatchObject({ status: 200 });
    const other = await api.authority.issue({ ...adminSubject, commonName: 'other' });
    expect(await api.ask('/pods', other)).toMatchObject({ status: 403 });
  });
});
