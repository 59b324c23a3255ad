import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OciErrorCode } from '../../src/index.ts';
import { type Operation, refusal } from '../fixtures/hostile/attack.ts';
import { between, megabytes, repeated } from '../fixtures/hostile/endless.ts';
import type { Answer, HostileRepository } from '../fixtures/hostile/hostile-registry.ts';
import { frugal, type HostileSession, openHostileSession } from '../fixtures/hostile/hostile-session.ts';

// Registries that answer what no registry should, and a program that talks to them.
let session: HostileSession;
beforeAll(async () => {
  session = await openHostileSession();
});
afterAll(() => session[Symbol.asyncDispose]());

/** How it ends when requests of some kind get an answer. */
const attacked = (operation: Operation, path: RegExp, answer: Answer) =>
  session.attackedBy((repository) => repository.on(path, () => answer), operation);

const metadata = 'http://169.254.169.254/latest/meta-data/iam/security-credentials/';
const redirect = (location: string): Answer => ({ status: 307, headers: { location } });
const challenge = (realm: string): Answer => ({
  status: 401,
  headers: { 'www-authenticate': `Bearer realm="${realm}",service="x"` },
});
/** A token server at the registry itself. */
const tokenServer =
  (answer: Answer) =>
  (repository: HostileRepository): void => {
    repository.on(/manifests/, ({ origin, path }) =>
      challenge(`${origin}${path.replace('manifests', 'token')}`),
    );
    repository.on(/token/, () => answer);
  };

describe('what leads elsewhere is not followed:', () => {
  test.each<[string, Operation, RegExp, Answer]>([
    ['a realm at the metadata service', 'pull', /./, challenge(metadata)],
    ['a realm in the network of whoever asks', 'pull', /./, challenge('https://10.0.0.1/token')],
    ['a realm in a file', 'pull', /./, challenge('file:///etc/passwd')],
    ['a redirect to the metadata service', 'pull', /./, redirect(metadata)],
    ['one to it over IPv6', 'pull', /./, redirect('https://[fd00:ec2::254]/latest/')],
    ['one to it as a mapped address', 'pull', /./, redirect('https://[::ffff:169.254.169.254]/')],
    ['one to it as a number', 'pull', /./, redirect('https://2852039166/latest/')],
    [
      'the next page of tags',
      'list tags',
      /tags/,
      { headers: { link: `<${metadata}>; rel="next"` }, body: '{"tags":[]}' },
    ],
    ['the place for an upload', 'push', /uploads/, { status: 202, headers: { location: metadata } }],
  ])('%s', async (_title, operation, path, answer) => {
    expect(await attacked(operation, path, answer)).toMatchObject(refusal('UNSAFE_URL'));
  });

  test('redirects in a circle', async () => {
    const report = await session.attackedBy((to) => to.on(/./, ({ path }) => redirect(path)));
    expect(report).toMatchObject(refusal('INVALID_RESPONSE', 'more than 10 redirects'));
  });

  test('a challenge after every token', async () => {
    const report = await session.attackedBy(tokenServer({ body: '{"token":"t","expires_in":1e300}' }));
    expect(report).toMatchObject(refusal('UNAUTHORIZED'));
  });
});

describe('what does not end is ended:', () => {
  const endless = { body: () => repeated(megabytes) };
  const errors = { body: () => between('{"errors":[{"code":"', repeated(megabytes)) };

  test.each<[string, Operation, RegExp, Answer, OciErrorCode]>([
    ['a manifest', 'pull', /manifests/, endless, 'TOO_LARGE'],
    ['a manifest of 100 MB', 'pull', /manifests/, { body: () => repeated(megabytes, 100) }, 'TOO_LARGE'],
    [
      'one that is announced',
      'copy',
      /manifests/,
      { headers: { 'content-length': '100000000' }, body: Buffer.alloc(100_000_000, ' ') },
      'TOO_LARGE',
    ],
    ['an answer with tags', 'list tags', /tags/, endless, 'TOO_LARGE'],
    ['an error', 'pull', /manifests/, { status: 403, ...errors }, 'DENIED'],
    ['an error of the server', 'pull', /manifests/, { status: 500, ...errors }, 'UNAVAILABLE'],
    ['a refusal to take an upload', 'push', /uploads/, { status: 400, ...errors }, 'INVALID_RESPONSE'],
    ['what nobody reads', 'pull', /manifests/, { status: 404, ...errors }, 'NAME_UNKNOWN'],
  ])('%s', async (_title, operation, path, answer, code) => {
    expect(await attacked(operation, path, answer)).toMatchObject(refusal(code));
  });

  test('a token', async () => {
    const report = await session.attackedBy(tokenServer(endless));
    expect(report).toMatchObject(refusal('INVALID_RESPONSE', 'more than 131072 bytes'));
  });

  const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
  // Side by side: half of them take until the limits of time.
  test.concurrent.each<[string, NonNullable<Answer['raw']>, OciErrorCode]>([
    ['headers', () => between('HTTP/1.1 200 OK\r\n', repeated('x-header: x\r\n')), 'INVALID_RESPONSE'],
    ['one header', () => between('HTTP/1.1 200 OK\r\nx-header: ', repeated('x')), 'INVALID_RESPONSE'],
    ['a status line', () => between('HTTP/1.1 200 ', repeated('OK')), 'TIMEOUT'],
    ['early hints', () => repeated('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'), 'TIMEOUT'],
    ['trailers', () => between(`${chunked}0\r\n`, repeated('x-trailer: x\r\n')), 'INVALID_RESPONSE'],
  ])('%s', async (_title, raw, code) => {
    expect(await attacked('copy', /./, { raw })).toMatchObject(refusal(code));
  });

  test.concurrent('an extension of a chunk', async () => {
    // What undici reads before the time is up is garbage at once, and lies there: without the flags it is some 110 MB.
    await using other = await openHostileSession(frugal);
    const answer: Answer = { raw: () => between(`${chunked}1;`, repeated('x')) };
    const report = await other.attackedBy((repository) => repository.on(/./, () => answer), 'copy');
    expect(report).toMatchObject(refusal('TIMEOUT'));
  });
});

describe('compression that nobody has asked for is refused of', () => {
  const encoded = { headers: { 'content-encoding': 'gzip' }, body: Buffer.alloc(1000) };
  test('a manifest', async () => {
    expect(await attacked('pull', /manifests/, encoded)).toMatchObject(refusal('INVALID_RESPONSE', 'gzip'));
  });
  test('tags', async () => {
    expect(await attacked('list tags', /tags/, encoded)).toMatchObject(refusal('INVALID_RESPONSE', 'JSON'));
  });
  test('a token', async () => {
    const report = await session.attackedBy(tokenServer(encoded));
    expect(report).toMatchObject(refusal('INVALID_RESPONSE', 'JSON'));
  });
});

test('a pause of a hundred years is told and not waited for', async () => {
  const busy = { status: 429, headers: { 'retry-after': '3155760000' } };
  expect(await attacked('pull', /./, busy)).toMatchObject(refusal('TOO_MANY_REQUESTS'));
});
