import { describe, expect, test } from 'vitest';
import { parseManifests } from '../../src/local/manifests.ts';
import { podsOf } from '../../src/local/workloads.ts';

const podTemplate = '{metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: i}]}}';

describe('manifests', () => {
  test('several documents and lists are read in order, in namespace default', () => {
    const text = `
apiVersion: v1
kind: ConfigMap
metadata: {name: one}
---
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: Pod, metadata: {name: two, namespace: n}, spec: {containers: []}}
---
`;
    expect(
      parseManifests('f.yaml', text).map(({ kind, metadata }) => [kind, metadata.namespace, metadata.name]),
    ).toEqual([
      ['ConfigMap', 'default', 'one'],
      ['Pod', 'n', 'two'],
    ]);
  });
  test.each([
    [
      'kind Service',
      'apiVersion: v1\nkind: Service\nmetadata: {name: s}',
      /Service cannot be run without a cluster/,
    ],
    ['no name', 'apiVersion: v1\nkind: Pod', /lacks metadata.name/],
    ['no object', '- 1', /no Kubernetes object/],
    ['broken YAML', 'a: {', /f\.yaml/],
  ])('refuses %s with the place', (_title, text, message) => {
    expect(() => parseManifests('f.yaml', text)).toThrow(message);
  });
  test('a Deployment becomes its replicas', () => {
    const [deployment] = parseManifests(
      'f.yaml',
      `{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {replicas: 2, template: ${podTemplate}}}`,
    );
    expect(podsOf(deployment!).map((pod) => pod.metadata)).toEqual([
      { labels: { app: 'a' }, name: 'd-0', namespace: 'default' },
      { labels: { app: 'a' }, name: 'd-1', namespace: 'default' },
    ]);
  });
  test('a Job becomes its parallel pods with the label of the job', () => {
    const [job] = parseManifests(
      'f.yaml',
      `{apiVersion: batch/v1, kind: Job, metadata: {name: j}, spec: {template: ${podTemplate}}}`,
    );
    expect(podsOf(job!).map((pod) => pod.metadata)).toMatchObject([
      { name: 'j-0', labels: { app: 'a', 'batch.kubernetes.io/job-name': 'j' } },
    ]);
  });
});
