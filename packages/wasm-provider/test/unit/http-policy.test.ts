import { describe, expect, test } from 'vitest';
import type { EgressPolicy } from '@wasmlet/egress';
import type { HttpLimits } from '@wasmlet/wasi-http';
import { egressAnnotation } from '../../src/egress-annotation.ts';
import {
  allowedDomainsAnnotation,
  egressFromAnnotations,
  maxConcurrentRequestsAnnotation,
} from '../../src/http-policy.ts';

type Config = EgressPolicy & HttpLimits;

function read(annotations: Readonly<Record<string, string>>, operator = { grants: [] as readonly string[] }) {
  const { http, sockets } = egressFromAnnotations(annotations, operator);
  return { module: http.module.config as Config, component: http.component.config as Config, sockets };
}

describe('Krustlet’s annotations', () => {
  const annotations = {
    [allowedDomainsAnnotation]: '["https://a.example/fact", "http://b.example"]',
    [maxConcurrentRequestsAnnotation]: '42',
  };

  test('open hosts to the HTTP of modules and of components', () => {
    const { module, component } = read(annotations, { grants: ['10.0.0.0/8'] });
    const policy = {
      allowedHosts: ['a.example', 'b.example'],
      grants: ['10.0.0.0/8'],
      maxConcurrentRequests: 42,
    };
    expect(module).toMatchObject(policy);
    expect(component).toMatchObject(policy);
  });

  test('open nothing to sockets', () => {
    expect(read(annotations).sockets).toEqual({ allowedHosts: [], grants: [] });
  });
});

describe('the annotation wasmlet.dev/egress', () => {
  const value = {
    allow: ['https://*.example.com', 'tcp://10.0.0.0/8:5432'],
    maxConcurrentRequests: 8,
    maxBodyBytes: 1_000_000,
    timeouts: { connectMs: 500 },
  };

  test('is the policy of HTTP and of sockets, below what the operator says', () => {
    const operator = { grants: ['10.0.0.0/8'], ceiling: ['*.example.com'], guarded: ['10.96.0.0/12'] };
    const { module, component, sockets } = read({ [egressAnnotation]: JSON.stringify(value) }, operator);
    const policy = { ...operator, allowedHosts: value.allow };
    expect(sockets).toEqual(policy);
    for (const config of [module, component]) {
      expect(config).toMatchObject({ ...policy, maxConcurrentRequests: 8, maxBodyBytes: 1_000_000 });
      expect(config.timeouts).toMatchObject({ connectMs: 500, headersMs: 300_000 });
    }
  });

  test('adds to Krustlet’s, and the lower limit holds', () => {
    const { component } = read({
      [egressAnnotation]: JSON.stringify(value),
      [allowedDomainsAnnotation]: '["https://a.example"]',
      [maxConcurrentRequestsAnnotation]: '3',
    });
    expect(component.allowedHosts).toEqual(['a.example', ...value.allow]);
    expect(component.maxConcurrentRequests).toBe(3);
  });
});

test('without annotations nothing may be contacted', () => {
  const { module, component, sockets } = read({});
  for (const { allowedHosts } of [module, component, sockets]) expect(allowedHosts).toEqual([]);
});

test.each([
  [allowedDomainsAnnotation, 'https://a.example', 'is not JSON: write ["https://example.com"]'],
  [allowedDomainsAnnotation, '"https://a.example"', 'is no JSON array of URLs'],
  [allowedDomainsAnnotation, '[1]', 'is no JSON array of URLs'],
  [allowedDomainsAnnotation, '["insecure:allow-all"]', 'allow-all'],
  [maxConcurrentRequestsAnnotation, '-1', '"-1" is no number from 0 to 4294967295'],
  [maxConcurrentRequestsAnnotation, '4294967296', 'is no number'],
  [maxConcurrentRequestsAnnotation, '', 'is no number'],
  [egressAnnotation, 'allow', 'is not JSON: write {"allow": ["https://example.com"]}'],
  [egressAnnotation, '[]', '[] is no object'],
  [egressAnnotation, 'null', 'null is no object'],
  [egressAnnotation, '{}', '"allow" is a list of texts'],
  [egressAnnotation, '{"allow": "example.com"}', '"allow" is a list of texts'],
  [egressAnnotation, '{"allow": [1]}', '"allow" is a list of texts'],
  [
    egressAnnotation,
    `{"allow": ${JSON.stringify(Array.from({ length: 1001 }, () => 'a.example'))}}`,
    '1001 entries',
  ],
  [egressAnnotation, '{"allow": ["*"]}', '"*" cannot be allowed'],
  [egressAnnotation, '{"allow": ["ftp://example.com"]}', 'its scheme is none of http, https, tcp, udp'],
  [egressAnnotation, '{"allow": [], "deny": []}', 'there is no "deny"; there are allow,'],
  [egressAnnotation, '{"allow": [], "grants": []}', 'there is no "grants"'],
  [
    egressAnnotation,
    '{"allow": [], "maxConcurrentRequests": 1.5}',
    'a whole number from 0 to 4294967295, not 1.5',
  ],
  [egressAnnotation, '{"allow": [], "maxBodyBytes": -1}', '"maxBodyBytes" is a whole number'],
  [
    egressAnnotation,
    '{"allow": [], "timeouts": {"connect": 1}}',
    'there is no "connect"; there are connectMs,',
  ],
  [egressAnnotation, '{"allow": [], "timeouts": {"connectMs": 0}}', '"connectMs" is a whole number from 1'],
])('%s: %s is refused by naming the annotation', (name, value, problem) => {
  const attempt = () => egressFromAnnotations({ [name]: value }, { grants: [] });
  expect(attempt).toThrow(expect.objectContaining({ code: 'CONTAINER_CONFIG' }));
  expect(attempt).toThrow(`annotation ${name}: `);
  expect(attempt).toThrow(problem);
});

test('what the operator has written wrongly is not the pod’s fault', () => {
  expect(() => egressFromAnnotations({}, { grants: ['10.0.0.5/8'] })).toThrow(
    expect.objectContaining({ code: 'INVALID_GRANT' }),
  );
});
