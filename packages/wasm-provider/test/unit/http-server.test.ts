import { describe, expect, test } from 'vitest';
import type { ContainerPort } from '@wasmlet/kubelet/provider';
import { httpServer, httpServerAnnotation } from '../../src/http-server.ts';

const port = (containerPort: number, more: Partial<ContainerPort> = {}): ContainerPort => ({
  containerPort,
  protocol: 'TCP',
  ...more,
});
const configOf = (ports: readonly ContainerPort[], annotation?: string): unknown =>
  httpServer({ ports }, annotation === undefined ? {} : { [httpServerAnnotation]: annotation }, '192.0.2.1')
    .config;

describe('a component serves', () => {
  test.each([
    ['its only port', [port(3000)], 3000],
    ['the one that is named http', [port(9090), port(3000, { name: 'http' })], 3000],
    ['the first of TCP', [port(53, { protocol: 'UDP' }), port(3000), port(3001)], 3000],
    ['8080 where none is declared', [], 8080],
  ] as const)('on %s', (_which, ports, expected) => {
    expect(configOf(ports)).toMatchObject({ host: '192.0.2.1', port: expected, reuse: 1 });
  });

  test('as the annotation says', () => {
    const asked =
      '{"reuse": 1000, "maxConcurrent": 5, "requestMs": 10000, "accessLog": true, "waiting": "sync"}';
    const use = httpServer({ ports: [] }, { [httpServerAnnotation]: asked }, '127.0.0.1');
    expect(use.config).toMatchObject({
      reuse: 1000,
      accessLog: true,
      limits: { maxConcurrent: 5, requestMs: 10_000 },
    });
    expect(use.drives).toEqual({ interface: 'wasi:http/incoming-handler', waiting: 'sync', longLived: true });
  });

  test.each([
    ['reuse', 'is not JSON: write {"reuse": 1000}'],
    ['[1]', 'is no object'],
    ['{"ruese": 1}', 'there is no "ruese"; there are reuse, accessLog'],
    ['{"reuse": "9"}', '"reuse" is a number, not "9"'],
    ['{"reuse": 0}', 'option reuse 0 is not'],
    ['{"waiting": "never"}', '"waiting" is "sync" or "suspend", not "never"'],
    ['{"maxConcurrent": -1}', 'limit maxConcurrent -1 is not a number above 0'],
    ['{"__proto__": 1}', 'there is no "__proto__"'],
  ])('not with the annotation %s', (annotation, problem) => {
    expect(() => configOf([], annotation)).toThrow(
      expect.objectContaining({
        code: 'CONTAINER_CONFIG',
        message: expect.stringContaining(problem) as string,
      }) as Error,
    );
  });
});
