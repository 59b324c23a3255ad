import { CommandError } from '../errors.ts';
import type { Manifest } from './manifests.ts';

/**
 * The pods that controllers would make of a manifest: a Pod itself, a Deployment's replicas
 * (`<name>-0`, `<name>-1`, …), a Job's parallel pods with the job's restart policy. Other kinds have none.
 */
export function podsOf(manifest: Manifest): readonly Manifest[] {
  switch (manifest.kind) {
    case 'Pod':
      return [manifest];
    case 'Deployment':
      return replicas(manifest, count(manifest, 'replicas', 1), {});
    case 'Job':
      return replicas(manifest, count(manifest, 'parallelism', 1), {
        'batch.kubernetes.io/job-name': manifest.metadata.name,
      });
    case 'ConfigMap':
    case 'Secret':
      return [];
  }
}

function replicas(
  manifest: Manifest,
  number: number,
  extraLabels: Readonly<Record<string, string>>,
): readonly Manifest[] {
  const template = manifest.spec?.['template'] as
    | { metadata?: Readonly<Record<string, unknown>>; spec?: Readonly<Record<string, unknown>> }
    | undefined;
  const { name, namespace } = manifest.metadata;
  if (!template?.spec) {
    throw new CommandError('MANIFEST', `${manifest.kind} ${namespace}/${name} lacks spec.template.spec`);
  }
  const { spec, metadata } = template;
  return Array.from({ length: number }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'Pod' as const,
    metadata: {
      ...metadata,
      labels: { ...(metadata?.['labels'] as object | undefined), ...extraLabels },
      name: `${name}-${index}`,
      namespace,
    },
    spec,
  }));
}

function count(manifest: Manifest, field: string, fallback: number): number {
  const value = manifest.spec?.[field] ?? fallback;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 1000) {
    const { name, namespace } = manifest.metadata;
    throw new CommandError(
      'MANIFEST',
      `${manifest.kind} ${namespace}/${name}: spec.${field} must be 0 to 1000`,
    );
  }
  return value;
}
