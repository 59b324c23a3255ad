import type { ComponentLimits } from './limits.ts';
import { type AnyType, partsOf } from './type-parts.ts';

/** What is asked of types again and again. */
export interface TypeFacts {
  /** Parts it has when each is counted as often as it occurs. */
  readonly size: number;
  readonly depth: number;
  /** Whether a resource occurs in it, whoever introduced it. */
  readonly hasResource: boolean;
  readonly hasBorrow: boolean;
}

/**
 * Works out facts of types from those of their parts, once for each object. Types may share parts, so that few bytes make
 * a type of endless size: those that are too large or too deep are refused.
 */
export function createTypeFacts(
  tooLarge: (message: string) => never,
  { maxTypeSize, maxTypeDepth }: Pick<ComponentLimits, 'maxTypeSize' | 'maxTypeDepth'>,
): (type: AnyType) => TypeFacts {
  const known = new Map<AnyType, TypeFacts>();
  return function factsOf(type) {
    const before = known.get(type);
    if (before) return before;
    let size = 1 + ownSize(type);
    let depth = 0;
    let hasResource = type.kind === 'own' || type.kind === 'borrow' || type.kind === 'resource';
    let hasBorrow = type.kind === 'borrow';
    for (const part of partsOf(type)) {
      const facts = factsOf(part);
      size += facts.size;
      depth = Math.max(depth, facts.depth);
      hasResource ||= facts.hasResource;
      hasBorrow ||= facts.hasBorrow;
    }
    depth += 1;
    if (size > maxTypeSize) tooLarge(`a type of more than ${maxTypeSize} parts`);
    if (depth > maxTypeDepth) tooLarge(`a type of more than ${maxTypeDepth} types in each other`);
    const facts = { size, depth, hasResource, hasBorrow };
    known.set(type, facts);
    return facts;
  };
}

function ownSize(type: AnyType): number {
  if (type.kind === 'flags' || type.kind === 'enum') return type.labels.length;
  if (type.kind === 'variant') return type.cases.length;
  return type.kind === 'core-module' ? type.imports.length + type.exports.length : 0;
}
