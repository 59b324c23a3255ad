import { pipeline } from 'node:stream/promises';
import { logPath } from '../logs/log-paths.ts';
import { type LogQuery, LogQueryError, parseLogQuery } from '../logs/log-query.ts';
import { readLog } from '../logs/read-log.ts';
import type { Clock } from '../node/clock.ts';
import type { Logger } from '../node/logger.ts';
import type { ContainerSnapshot, PodSnapshot } from '../pods/pod-snapshot.ts';
import { answer, type Exchange } from './answer.ts';
import type { KubeletBackend } from './backend.ts';

export interface ContainerLogsRequest extends Exchange {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly query: URLSearchParams;
  readonly backend: KubeletBackend;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Sends the log of one run as it is read. Following begins with the headers, before there is a line, and ends
 * with the run. An answer that cannot be finished ends without its last chunk, so that nobody takes it
 * for whole.
 */
export async function answerContainerLogs(request: ContainerLogsRequest): Promise<void> {
  const { namespace, pod, container, response, signal, backend, clock, logger } = request;
  const log = findLog(request);
  if ('refusal' in log) {
    answer(response, log.status, log.refusal);
    return;
  }
  const { uid, attempt, ended, query } = log;
  const path = logPath(backend.dataDirectory, uid, container, attempt);
  const followUntil = query.follow && ended !== 'ended' ? { followUntil: ended } : {};
  response.writeHead(200, { 'content-type': 'text/plain', 'x-content-type-options': 'nosniff' });
  response.flushHeaders();
  try {
    await pipeline(readLog({ ...query, ...followUntil, path, clock, signal }), response, { signal });
  } catch (error) {
    if (!signal.aborted) logger.error({ namespace, pod, container, error }, 'a log could not be read');
  }
}

interface FoundLog {
  readonly query: LogQuery;
  readonly uid: string;
  readonly attempt: number;
  readonly ended: ContainerSnapshot['ended'];
}

interface Refused {
  readonly status: number;
  readonly refusal: string;
}

/** Upstream's checks in upstream's order and words. */
function findLog(request: ContainerLogsRequest): FoundLog | Refused {
  const { namespace, pod, container, backend, clock } = request;
  let query: LogQuery;
  try {
    query = parseLogQuery(request.query, clock.now());
  } catch (error) {
    if (!(error instanceof LogQueryError)) throw error;
    return { status: error.status, refusal: error.message };
  }
  const snapshot = backend.find(namespace, pod);
  if (snapshot === undefined) return { status: 404, refusal: `pod ${JSON.stringify(pod)} does not exist` };
  if (!hasContainer(snapshot, container)) {
    const refusal = `container ${JSON.stringify(container)} not found in pod ${JSON.stringify(pod)}`;
    return { status: 404, refusal };
  }
  const state = snapshot.containers.find(({ name }) => name === container);
  const run = chooseRun(state, `container ${JSON.stringify(container)} in pod ${JSON.stringify(pod)}`, query);
  if (typeof run === 'string') return { status: 400, refusal: run };
  return { ...run, query, uid: snapshot.pod.metadata.uid };
}

function hasContainer({ pod: { spec } }: PodSnapshot, name: string): boolean {
  const { initContainers = [], ephemeralContainers = [], containers } = spec;
  return [...containers, ...initContainers, ...ephemeralContainers].some((one) => one.name === name);
}

/** The run whose log is meant, or why there is none. */
function chooseRun(
  state: ContainerSnapshot | undefined,
  what: string,
  { previous }: LogQuery,
): Pick<FoundLog, 'attempt' | 'ended'> | string {
  if (state === undefined) return `${what} is not available`;
  const { attempt, previousAttempt, hasEnded, ended, waitingReason } = state;
  if (previous) {
    if (previousAttempt === undefined) return `previous terminated ${what} not found`;
    return { attempt: previousAttempt, ended: 'ended' };
  }
  // One that waits for its next run shows the last one.
  if (attempt !== undefined) return { attempt, ended };
  if (hasEnded) return `${what} is terminated`;
  switch (waitingReason) {
    case 'ErrImagePull':
      return `${what} is waiting to start: image can't be pulled`;
    case 'ImagePullBackOff':
      return `${what} is waiting to start: trying and failing to pull image`;
    case undefined:
      return `${what} is waiting to start - no logs yet`;
    default:
      return `${what} is waiting to start: ${waitingReason}`;
  }
}
