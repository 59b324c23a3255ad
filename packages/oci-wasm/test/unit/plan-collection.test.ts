import { describe, expect, test } from 'vitest';
import type { ContentNode } from '../../src/store/content-graph.ts';
import { type CollectionInput, planCollection } from '../../src/store/plan-collection.ts';

const node = (digest: string, usedMs: number, more: Partial<ContentNode> = {}): [string, ContentNode] => [
  digest,
  {
    digest,
    sizeBytes: 10,
    usedMs,
    removed: false,
    children: [],
    subject: undefined,
    isIndex: false,
    elsewhere: [],
    ...more,
  },
];

function plan(nodes: readonly [string, ContentNode][], more: Partial<CollectionInput> = {}) {
  const { names, content } = planCollection(input(nodes, more));
  return { names: [...names].toSorted(), content: [...content].toSorted() };
}

function input(nodes: readonly [string, ContentNode][], more: Partial<CollectionInput>): CollectionInput {
  return {
    graph: new Map(nodes),
    held: [],
    named: [],
    partials: [],
    nowMs: 1_000,
    minimumAgeMs: 0,
    highBytes: 0,
    lowBytes: 0,
    freeBytes: Number.POSITIVE_INFINITY,
    dropNames: true,
    keepReferrers: true,
    ...more,
  };
}

const partial = (path: string, grownMs: number) => ({ path, digest: path, sizeBytes: 10, grownMs });

describe('a plan', () => {
  const shared = node('shared', 1);
  const a = node('a', 5, { children: ['shared', 'a-layer'] });
  const b = node('b', 3, { children: ['shared', 'b-layer'] });
  const nodes = [shared, a, b, node('a-layer', 5), node('b-layer', 3)];

  test('keeps what two names share until both have gone', () => {
    const named = ['a', 'b'];
    expect(plan(nodes, { named, freeBytes: 20 })).toEqual({ names: ['b'], content: ['b', 'b-layer'] });
    expect(plan(nodes, { named })).toEqual({
      names: named,
      content: ['a', 'a-layer', 'b', 'b-layer', 'shared'],
    });
  });

  test('takes names in the order of their last use, whatever their parts are used for', () => {
    expect(plan(nodes, { named: ['a', 'b'], lowBytes: 40 }).names).toEqual(['b']);
  });

  test('passes over what is too young, and goes on with the next', () => {
    const young = node('b-layer', 999);
    expect(plan([shared, a, b, node('a-layer', 5), young], { named: ['a', 'b'], minimumAgeMs: 10 })).toEqual({
      names: ['a'],
      content: ['a', 'a-layer'],
    });
  });

  test('leaves alone what is held, and what is below it', () => {
    expect(plan(nodes, { held: ['a'], named: ['a', 'b'] })).toEqual({
      names: ['b'],
      content: ['b', 'b-layer'],
    });
  });

  test('gives up names that stand for nothing', () => {
    expect(plan(nodes, { named: ['absent'], held: ['a', 'b'] })).toEqual({ names: ['absent'], content: [] });
  });

  test('treats a manifest and what is about it as one', () => {
    const about = node('about', 1, { subject: 'a', children: ['about-layer'] });
    const more = [...nodes, about, node('about-layer', 1)];
    expect(plan(more, { named: ['a', 'b'], dropNames: false }).content).toEqual([]);
    const alone = plan(more, { named: ['a', 'b'], dropNames: false, keepReferrers: false });
    expect(alone.content).toEqual(['about', 'about-layer']);
    // The other way round as well: it needs what it is about.
    expect(plan(more, { held: ['about'] }).content).toEqual(['b', 'b-layer']);
  });

  test('is not confused by content that refers to what is not here', () => {
    expect(plan([node('x', 1, { children: ['gone'], subject: 'gone too' })]).content).toEqual(['x']);
  });

  test('takes what has arrived of blobs first, the oldest first, and no more than it needs to', () => {
    const partials = [partial('new', 995), partial('older', 10), partial('oldest', 5)];
    const take = (more: Partial<CollectionInput>) => {
      const { totalBytes, partials: taken, content } = planCollection(input(nodes, { partials, ...more }));
      return { totalBytes, taken: taken.map(({ path }) => path), content: [...content].toSorted() };
    };
    const totalBytes = 10 * (nodes.length + partials.length);
    expect(take({ highBytes: totalBytes })).toEqual({ totalBytes, taken: [], content: [] });
    expect(take({ lowBytes: totalBytes - 5 })).toEqual({ totalBytes, taken: ['oldest'], content: [] });
    expect(take({ freeBytes: 20, minimumAgeMs: 10 }).taken).toEqual(['oldest', 'older']);
    expect(take({ minimumAgeMs: 10 }).taken).toEqual(['oldest', 'older']);
    expect(take({ minimumAgeMs: 10 }).content).toHaveLength(nodes.length);
  });
});
