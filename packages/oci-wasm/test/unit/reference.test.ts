import { describe, expect, test } from 'vitest';
import { formatReference, OciError, parseReference } from '../../src/index.ts';

const sha256 = `sha256:${'a1'.repeat(32)}`;
const sha512 = `sha512:${'b2'.repeat(64)}`;

describe('references', () => {
  test.each([
    ['alpine', 'docker.io/library/alpine:latest'],
    ['alpine:3', 'docker.io/library/alpine:3'],
    ['me/app', 'docker.io/me/app:latest'],
    ['docker.io/alpine', 'docker.io/library/alpine:latest'],
    ['index.docker.io/me/app:1', 'docker.io/me/app:1'],
    ['ghcr.io/me/rust-wasm:latest', 'ghcr.io/me/rust-wasm:latest'],
    ['webassembly.azurecr.io/hello-wasm:v1', 'webassembly.azurecr.io/hello-wasm:v1'],
    ['localhost/app', 'localhost/app:latest'],
    ['localhost:5000/app', 'localhost:5000/app:latest'],
    ['127.0.0.1:5000/a/b/c:v1', '127.0.0.1:5000/a/b/c:v1'],
    ['[::1]:5000/app', '[::1]:5000/app:latest'],
    ['registry:5000/app', 'registry:5000/app:latest'],
    ['UPPER/app', 'UPPER/app:latest'],
    ['Registry.Example/app', 'registry.example/app:latest'],
    [`app@${sha256}`, `docker.io/library/app@${sha256}`],
    [`host.io/app:v1@${sha256}`, `host.io/app:v1@${sha256}`],
    [`host.io/app@${sha512}`, `host.io/app@${sha512}`],
    ['host.io/a__b/c.d/e--f:_tag', 'host.io/a__b/c.d/e--f:_tag'],
  ])('%s means %s', (text, full) => {
    expect(formatReference(parseReference(text))).toBe(full);
    expect(parseReference(full)).toEqual(parseReference(text));
  });

  test.each([
    ['', 'it is empty'],
    ['host.io/', 'it names no repository'],
    ['host.io//app', 'has an empty component'],
    ['host.io/app/', 'has an empty component'],
    ['host.io/App', 'must be lower case'],
    ['host.io/a..b', '"a..b" in its repository'],
    ['host.io/-app', '"-app" in its repository'],
    ['app:', 'its tag ""'],
    ['app:-x', 'its tag "-x"'],
    [`app:${'x'.repeat(129)}`, 'its tag "xxx'],
    ['https://host.io/app', 'it is a URL; leave out the scheme'],
    ['host.io/my app', 'white space'],
    ['host.io/app\n', 'white space'],
    ['host.io:99999/app', 'its registry "host.io:99999"'],
    ['-host.io/app', 'its registry "-host.io"'],
    ['app@sha256:abc', 'its digest is not "sha256:" with 64'],
    [`app@${sha256}@${sha256}`, 'more than one @'],
    [`app@md5:${'0'.repeat(32)}`, 'of the unknown kind "md5"'],
    ['a1'.repeat(32), 'it is a bare digest'],
    [`host.io/${'a'.repeat(300)}`, 'longer than 255 characters'],
    ['x'.repeat(1_000_000), 'it is 1000000 characters long'],
    ['../../etc/passwd', 'its registry ".."'],
    ['host.io/../../v2/_catalog', '".." in its repository'],
  ])('%# (%j) is refused with the reason', (text, reason) => {
    const parse = () => parseReference(text);
    expect(parse).toThrow(OciError);
    expect(parse).toThrow(reason);
    expect(parse).toThrow(/^couldn't parse image name "/);
  });
});
