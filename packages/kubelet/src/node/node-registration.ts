import type { V1Node, V1Taint } from '@kubernetes/client-node';
import { ClusterError, type NodeRegistry } from '../cluster/cluster.ts';
import type { AbortOptions } from '../provider.ts';
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';
import { type NodeIngredients, nodeAnnotations, nodeObject } from './node-object.ts';

export interface NodeRegistrationOptions {
  readonly nodes: NodeRegistry;
  readonly ingredients: NodeIngredients;
  readonly clock: Clock;
  readonly logger: Logger;
}

const firstRetryMs = 100;
const lastRetryMs = 7_000;

/**
 * Creates the node, or takes over the one of its name, however long the API server takes. Rejects only when the
 * server says that the object itself is wrong (`Invalid`).
 */
export async function registerNode(
  options: NodeRegistrationOptions,
  { signal }: Required<AbortOptions>,
): Promise<V1Node> {
  const { clock, logger, ingredients } = options;
  for (let delayMs = firstRetryMs; ; delayMs = Math.min(delayMs * 2, lastRetryMs)) {
    try {
      return await createOrAdopt(options, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ClusterError) || error.code === 'Invalid') throw error;
      logger.warn(
        { node: ingredients.nodeName, error: error.message },
        'registering the node failed, trying again',
      );
      await clock.sleep(Math.max(delayMs, error.retryAfterMs ?? 0), { signal });
    }
  }
}

async function createOrAdopt(
  { nodes, ingredients, logger }: NodeRegistrationOptions,
  signal: AbortSignal,
): Promise<V1Node> {
  const { nodeName, labels, taints } = ingredients;
  try {
    const created = await nodes.create(nodeObject(ingredients), { signal });
    logger.info({ node: nodeName }, 'registered the node');
    return created;
  } catch (error) {
    if (!(error instanceof ClusterError) || error.code !== 'AlreadyExists') throw error;
  }
  const existing = await nodes.get(nodeName, { signal });
  const missing = missingTaints(existing.spec?.taints ?? [], taints);
  if (missing.length > 0) {
    logger.warn(
      { node: nodeName, missing: missing.map(({ key, value, effect }) => `${key}=${value ?? ''}:${effect}`) },
      `the node exists with other taints, which a node cannot change itself; kubectl delete node ${nodeName}, or taint it`,
    );
  }
  const metadata = {
    ...lacking('labels', existing.metadata?.labels, labels),
    ...lacking('annotations', existing.metadata?.annotations, nodeAnnotations),
  };
  if (Object.keys(metadata).length === 0) return existing;
  return nodes.patch(nodeName, { metadata }, { signal });
}

function missingTaints(present: readonly V1Taint[], wanted: readonly V1Taint[]): readonly V1Taint[] {
  const has = (taint: V1Taint): boolean =>
    present.some(
      (other) =>
        other.key === taint.key &&
        other.effect === taint.effect &&
        (other.value ?? '') === (taint.value ?? ''),
    );
  return wanted.filter((taint) => !has(taint));
}

function lacking(
  name: 'labels' | 'annotations',
  present: Readonly<Record<string, string>> = {},
  wanted: Readonly<Record<string, string>>,
): object {
  const different = Object.entries(wanted).filter(([key, value]) => present[key] !== value);
  return different.length === 0 ? {} : { [name]: Object.fromEntries(different) };
}
