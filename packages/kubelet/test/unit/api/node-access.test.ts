import { expect, test } from 'vitest';
import { nodeAccess } from '../../../src/api/node-access.ts';
import { parseTarget } from '../../../src/api/request-target.ts';

test.each([
  ['GET', '/stats/summary', 'get', ['stats']],
  ['POST', '/stats', 'create', ['stats']],
  ['GET', '/metrics', 'get', ['metrics']],
  ['GET', '/metrics/cadvisor', 'get', ['metrics']],
  ['GET', '/metricsx', 'get', ['proxy']],
  ['GET', '/logs/', 'get', ['log']],
  ['POST', '/checkpoint/a/b/c', 'create', ['checkpoint']],
  ['GET', '/statusz', 'get', ['statusz']],
  ['GET', '/flagz', 'get', ['configz']],
  ['GET', '/pods', 'get', ['pods', 'proxy']],
  ['GET', '/runningpods/', 'get', ['pods', 'proxy']],
  ['GET', '/healthz', 'get', ['healthz', 'proxy']],
  ['GET', '/healthz/ping', 'get', ['healthz', 'proxy']],
  ['GET', '/configz', 'get', ['configz', 'proxy']],
  ['GET', '/containerLogs/a/b/c', 'get', ['proxy']],
  ['PUT', '/debug/flags/v', 'update', ['proxy']],
  ['PATCH', '/x', 'patch', ['proxy']],
  ['DELETE', '/x', 'delete', ['proxy']],
  ['HEAD', '/pods', '', ['pods', 'proxy']],
  ['GET', '/exec/a/b/c', 'create', ['proxy']],
  ['GET', '/attach/a/b/c', 'create', ['proxy']],
  ['GET', '/portForward/a/b', 'create', ['proxy']],
  ['PUT', '/run/a/b/c', 'create', ['proxy']],
  ['GET', '/', 'get', ['proxy']],
  // Not read as the path that they might mean elsewhere.
  ['GET', '/stats/../exec/a/b/c', 'get', ['proxy']],
  ['GET', '/stats/%2e%2e/exec/a/b/c', 'get', ['proxy']],
  ['GET', '//stats', 'get', ['proxy']],
  ['GET', '/stats%2f..%2fexec', 'get', ['proxy']],
])('%s %s is %j of %j', (method, url, verb, subresources) => {
  expect(nodeAccess(method, parseTarget(url).segments)).toEqual({ verb, subresources });
});
