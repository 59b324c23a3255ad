import type { Clock } from '../node/clock.ts';
import type { Health } from '../provider.ts';
import { answer, answerNotFound, type Exchange } from './answer.ts';
import type { HealthCheck } from './backend.ts';

export interface HealthzRequest extends Exchange {
  /** One check; all when `undefined`. */
  readonly name: string | undefined;
  readonly query: URLSearchParams;
  /** Besides `ping` and `log`. */
  readonly checks: readonly HealthCheck[];
  readonly clock: Clock;
}

/** Answers as upstream: `ok`, or with `?verbose` and on failure a line for each check; `?exclude=<name>`. */
export async function answerHealthz(request: HealthzRequest): Promise<void> {
  const { name, response, clock } = request;
  const checks = [...alwaysHealthy, ...request.checks];
  if (name === undefined) {
    await answerAll(request, checks);
    return;
  }
  const check = checks.find((one) => one.name === name);
  if (check === undefined) {
    answerNotFound(response);
    return;
  }
  const health = await healthOf(check, clock);
  if (health.healthy) answer(response, 200, 'ok');
  else answer(response, 500, `internal server error: ${health.message}\n`);
}

/** That the server answers is what these two are about. */
const alwaysHealthy: readonly HealthCheck[] = ['ping', 'log'].map((name) => ({
  name,
  check: () => ({ healthy: true }),
}));

async function answerAll(
  { response, query, clock }: HealthzRequest,
  checks: readonly HealthCheck[],
): Promise<void> {
  const excluded = new Set(query.getAll('exclude'));
  let failed = false;
  const lines = await Promise.all(
    checks.map(async (check) => {
      if (excluded.delete(check.name)) return `[+]${check.name} excluded: ok\n`;
      const { healthy } = await healthOf(check, clock);
      failed ||= !healthy;
      return healthy ? `[+]${check.name} ok\n` : `[-]${check.name} failed: reason withheld\n`;
    }),
  );
  const unknown = [...excluded].map((name) => JSON.stringify(name)).join(',');
  if (unknown !== '') lines.push(`warn: some health checks cannot be excluded: no matches for ${unknown}\n`);
  if (failed) answer(response, 500, `${lines.join('')}healthz check failed\n`);
  else answer(response, 200, query.has('verbose') ? `${lines.join('')}healthz check passed\n` : 'ok');
}

/** A check that takes longer has failed. */
const patienceMs = 10_000;

async function healthOf(check: HealthCheck, clock: Clock): Promise<Health> {
  const done = new AbortController();
  const late = clock
    .sleep(patienceMs, { signal: done.signal })
    .then((): Health => ({ healthy: false, message: `no answer within ${patienceMs / 1000} s` }));
  try {
    return await Promise.race([check.check(), late]);
  } catch (error) {
    return { healthy: false, message: error instanceof Error ? error.message : String(error) };
  } finally {
    done.abort();
    await late.catch(() => undefined);
  }
}
