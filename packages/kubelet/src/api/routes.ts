import type { Clock } from '../node/clock.ts';
import type { Logger } from '../node/logger.ts';
import { answer, answerJson, answerMethodNotAllowed, answerNotFound, type Exchange } from './answer.ts';
import type { HealthCheck, KubeletBackend } from './backend.ts';
import { answerContainerLogs } from './container-logs.ts';
import { answerHealthz } from './healthz.ts';
import { podList, runningPodList } from './pod-lists.ts';
import type { RequestTarget } from './request-target.ts';

/** A request whose sender may make it, and what its answer is taken from. */
export interface RoutedRequest extends Exchange {
  readonly method: string;
  readonly target: RequestTarget;
  readonly backend: KubeletBackend;
  readonly healthChecks: readonly HealthCheck[];
  readonly clock: Clock;
  readonly logger: Logger;
}

export async function route(request: RoutedRequest): Promise<void> {
  const [root = '', ...rest] = request.target.segments ?? [];
  const found = routes.get(root);
  const { methods = [request.method], lengths = [rest.length] } = found ?? {};
  if (found === undefined || !lengths.includes(rest.length)) answerNotFound(request.response);
  else if (methods.includes(request.method)) await found.answer(request, rest);
  else answerMethodNotAllowed(request.response, methods.join(', '));
}

interface Route {
  /** @default any */
  readonly methods?: readonly string[];
  /** How many segments may follow the first one. @default any */
  readonly lengths?: readonly number[];
  answer(request: RoutedRequest, rest: readonly string[]): Promise<void> | void;
}

const routes: ReadonlyMap<string, Route> = new Map<string, Route>([
  [
    'healthz',
    {
      methods: ['GET', 'HEAD'],
      lengths: [0, 1],
      answer: (request, [name]) =>
        answerHealthz({ ...request, name, query: request.target.query, checks: request.healthChecks }),
    },
  ],
  [
    'pods',
    {
      methods: ['GET'],
      lengths: [0],
      answer: ({ response, backend }) => answerJson(response, podList(backend.snapshot())),
    },
  ],
  [
    'runningpods',
    {
      methods: ['GET'],
      lengths: [0],
      answer: ({ response, backend }) => answerJson(response, runningPodList(backend.snapshot())),
    },
  ],
  [
    'containerLogs',
    {
      methods: ['GET'],
      lengths: [3],
      answer: (request, [namespace = '', pod = '', container = '']) =>
        answerContainerLogs({ ...request, namespace, pod, container, query: request.target.query }),
    },
  ],
  // Each is followed by namespace, pod, perhaps the pod's uid, and (but for ports) the container.
  ['exec', later('run commands in containers (kubectl exec)', ['GET', 'POST'], [3, 4])],
  ['run', later('run commands in containers (kubectl exec)', ['POST'], [3, 4])],
  ['attach', later('attach to containers (kubectl attach)', ['GET', 'POST'], [3, 4])],
  ['portForward', later('forward ports to pods (kubectl port-forward)', ['GET', 'POST'], [2, 3])],
  ['logs', disabled('logs endpoint is disabled.\n')],
  ['debug', disabled('debug endpoints are disabled.\n')],
]);

function later(what: string, methods: readonly string[], lengths: readonly number[]): Route {
  const text = `this node cannot ${what} yet; that comes with a later version of wasmlet\n`;
  return { methods, lengths, answer: ({ response }) => answer(response, 501, text) };
}

/** What upstream serves from the machine itself, as upstream answers when it is switched off. */
function disabled(text: string): Route {
  return { answer: ({ response }) => answer(response, 405, text) };
}
