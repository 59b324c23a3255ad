import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { OciError, openLayoutStore, readModuleBytes } from '../../src/index.ts';
import { addArtifact, moduleOf } from '../fixtures/artifacts.ts';
import { elsewhere, faultCases, monolithicBytes, type Target, targets } from '../fixtures/fault-cases.ts';
import { seeded } from '../fixtures/seeded.ts';
import { openSession, type Session } from '../fixtures/session.ts';
import { digestOf } from '../registry/content-store.ts';
import type { FaultMatch } from '../registry/faults.ts';
import { startTestRegistry } from '../registry/start-test-registry.ts';

const seed = Number(process.env['WASMLET_TEST_SEED'] ?? Date.now() % 2 ** 31);
const random = seeded(seed);
const cases = faultCases(random);
process.stderr.write(`fault matrix: ${cases.length} cases, WASMLET_TEST_SEED=${seed}\n`);

/** Where it may come to a time limit; else a machine that is busy must not come to one. Pauses take no time. */
const hasty = { idleMs: 150, connectMs: 1000, totalMs: 1000 };
const patient = { idleMs: 2000, connectMs: 10_000, totalMs: 60_000 };
/** Resolving, manifests and blobs have a deadline each. */
const mostDeadlines = 6;
const retry = { wait: () => setImmediate(undefined), random };
const uploads = { monolithicBytes, chunkBytes: 100_000 };
const config = '{}';
const credentials = [{ username: 'me', password: 'secret' }];

describe(`a transfer under faults (seed ${seed})`, () => {
  test('is tried in many ways', () => {
    expect(new Set(cases.map(({ title }) => title)).size).toBeGreaterThanOrEqual(200);
  });

  test.concurrent.each(cases)('$title', async (one) => {
    await using other = await startTestRegistry();
    const timeouts = one.outcomes.includes('TIMEOUT') ? hasty : patient;
    await using session = await openSession(one.registry, { timeouts, retry, uploads });
    const module = moduleOf(one.size);
    addArtifact(other, module);
    if (one.direction === 'pull') addArtifact(session.registry, module);
    for (const { at, fault, times } of one.faults) {
      const match = matchOf(at, module);
      const placed =
        fault.kind === 'redirect' && fault.to === elsewhere
          ? { ...fault, to: `${other.origin}${pathOf(session, at, module)}` }
          : fault;
      session.registry.fail(match, placed, times === undefined ? {} : { times });
    }

    const started = performance.now();
    const outcome = await (one.direction === 'pull' ? pull(session, module) : push(session, module));
    expect(one.outcomes).toContain(outcome);
    expect(performance.now() - started).toBeLessThan(mostDeadlines * timeouts.totalMs);
    await expectCleanStore(session);
    expectNamesToBeComplete(session);
  });
});

async function pull(session: Session, module: Uint8Array): Promise<string> {
  try {
    const pulled = await session.pull({ credentials });
    const bytes = await readModuleBytes(session.store, pulled);
    return Buffer.compare(bytes, module) === 0 ? 'content' : 'other content';
  } catch (error) {
    return codeOf(error);
  }
}

async function push(session: Session, module: Uint8Array): Promise<string> {
  try {
    const { digest } = await session.push({ module, credentials });
    const { content } = session.registry;
    const layer = content.blob('team/app', digestOf(module));
    const isThere = layer !== undefined && Buffer.compare(layer, module) === 0;
    return isThere && content.digestOf('team/app', 'v1') === digest ? 'content' : 'other content';
  } catch (error) {
    return codeOf(error);
  }
}

/** Anything but an error of this package fails the test with itself. */
function codeOf(error: unknown): string {
  if (!(error instanceof OciError)) throw error;
  expect(error.message).toMatch(/127\.0\.0\.1:\d+|registry\.example|10\.0\.0\.1|169\.254/);
  expect(error.message).not.toContain('secret');
  return error.code;
}

function matchOf(at: Target, module: Uint8Array): FaultMatch {
  const digests = { layer: digestOf(module), config: digestOf(Buffer.from(config)) };
  return at === 'layer' || at === 'config'
    ? { method: 'GET', path: new RegExp(`/blobs/${digests[at]}`) }
    : targets[at];
}

function pathOf({ registry }: Session, at: Target, module: Uint8Array): string {
  if (at === 'manifest') return `/v2/team/app/manifests/${registry.content.digestOf('team/app', 'v1')}`;
  return `/v2/team/app/blobs/${digestOf(at === 'layer' ? module : Buffer.from(config))}`;
}

/** Every blob is what its name says, nothing is left of what has failed, and the store opens. */
async function expectCleanStore({ store: { directory } }: Session): Promise<void> {
  const blobs = join(directory, 'blobs', 'sha256');
  for (const name of await readdir(blobs).catch(() => [])) {
    expect(digestOf(await readFile(join(blobs, name)))).toBe(`sha256:${name}`);
  }
  expect(await readdir(join(directory, 'incoming')).catch(() => [])).toEqual([]);
  await openLayoutStore(directory);
}

/** Whatever has a name in the registry has all of its content. */
function expectNamesToBeComplete({ registry: { content } }: Session): void {
  const manifest = content.manifest('team/app', 'v1');
  const parsed = JSON.parse(Buffer.from(manifest?.bytes ?? Buffer.from('{"layers":[]}')).toString()) as {
    readonly layers: readonly { readonly digest: string }[];
  };
  for (const { digest } of parsed.layers) expect(content.blob('team/app', digest)).toBeDefined();
}
