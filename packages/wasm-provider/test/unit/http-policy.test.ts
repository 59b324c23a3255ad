import { expect, test } from 'vitest';
import {
  allowedDomainsAnnotation,
  httpFromAnnotations,
  maxConcurrentRequestsAnnotation,
} from '../../src/http-policy.ts';

test('annotations become the policy of the guest', () => {
  const annotations = {
    [allowedDomainsAnnotation]: '["https://a.example/fact", "http://b.example"]',
    [maxConcurrentRequestsAnnotation]: '42',
  };
  const use = httpFromAnnotations(annotations, ['10.0.0.0/8']);
  expect(use.contract).toBe(1);
  expect(JSON.stringify(use.config)).toContain('a.example');
  expect(JSON.stringify(use.config)).toContain('10.0.0.0/8');
});

test('without annotations nothing may be contacted', () => {
  expect(JSON.stringify(httpFromAnnotations({}, []).config)).not.toContain('example');
});

test.each([
  [allowedDomainsAnnotation, 'https://a.example', 'is not JSON: write ["https://example.com"]'],
  [allowedDomainsAnnotation, '"https://a.example"', 'is no JSON array of URLs'],
  [allowedDomainsAnnotation, '[1]', 'is no JSON array of URLs'],
  [allowedDomainsAnnotation, '["insecure:allow-all"]', 'allow-all'],
  [maxConcurrentRequestsAnnotation, '-1', '"-1" is no number from 0 to 4294967295'],
  [maxConcurrentRequestsAnnotation, '4294967296', 'is no number'],
  [maxConcurrentRequestsAnnotation, '', 'is no number'],
])('%s: %s is refused by naming the annotation', (name, value, problem) => {
  const read = () => httpFromAnnotations({ [name]: value }, []);
  expect(read).toThrow(expect.objectContaining({ code: 'CONTAINER_CONFIG' }));
  expect(read).toThrow(`annotation ${name}: `);
  expect(read).toThrow(problem);
});
