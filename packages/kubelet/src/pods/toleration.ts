import type { V1Taint, V1Toleration } from '@kubernetes/client-node';

/**
 * Whether a toleration tolerates a taint: an empty effect stands for all, an empty key with `Exists` too.
 *
 * https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
 */
export function toleratesTaint(toleration: V1Toleration, taint: V1Taint): boolean {
  const { key = '', operator = 'Equal', value = '', effect = '' } = toleration;
  if (effect !== '' && effect !== taint.effect) return false;
  if (key !== '' && key !== taint.key) return false;
  if (operator === 'Exists') return true;
  return operator === 'Equal' && key !== '' && value === (taint.value ?? '');
}
