import type { CoreV1Event } from '@kubernetes/client-node';
import type { Clock } from '../../node/clock.ts';
import type { Logger } from '../../node/logger.ts';
import { ClusterError, type EventSink, type KubeEvent } from '../cluster.ts';
import { createEventCorrelator, recall } from './event-correlator.ts';
import { createRetryDelay } from './retry-delay.ts';
import { apiPath, strategicMergePatch, type Transport } from './transport.ts';

export interface EventRecorderOptions {
  readonly transport: Transport;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}

/** Writes events one after another, beside the work that they tell of. */
export interface EventRecorder extends EventSink, AsyncDisposable {}

/** Events that wait for the API server; more are dropped. */
const maxWaiting = 1_000;
const maxAttempts = 5;
/** What a stopping node spends on its last events. */
const flushMs = 2_000;
/** `kubectl` shows no more anyway, and the newer API refuses it. */
const maxMessageLength = 1_024;
const maxNameLength = 253;

interface Written {
  name: string;
  count: number;
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { transport, nodeName, clock, logger, random } = options;
  const correlator = createEventCorrelator();
  const written = new Map<string, Written>();
  const waiting: { readonly event: KubeEvent; readonly at: Date }[] = [];
  const stop = new AbortController();
  let draining: Promise<void> | undefined;
  let serial = 0;

  async function drain(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await write(next.event, next.at).catch((error: unknown) => {
        const { reason, message } = next?.event ?? {};
        logger.debug({ error, reason, event: message }, 'an event could not be written');
      });
      if (stop.signal.aborted) waiting.length = 0;
    }
    draining = undefined;
  }

  async function write(event: KubeEvent, at: Date): Promise<void> {
    const correlation = correlator.correlate(event, at);
    if (correlation.kind === 'drop') return;
    const record = recall(written, correlation.key, () => ({ name: '', count: 0 }));
    record.count++;
    const message = correlation.message.slice(0, maxMessageLength);
    const namespace = event.regarding.namespace ?? 'default';
    const delay = createRetryDelay({ random });
    for (let attempt = 1; ; attempt++) {
      try {
        await (record.name === '' ? create() : count());
        return;
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
        if (error.code === 'NotFound' && record.name !== '') {
          record.name = '';
        } else if (error.code === 'AlreadyExists') {
          // The first attempt did arrive.
          return;
        } else if (error.code !== 'Unavailable' || attempt === maxAttempts) {
          written.delete(correlation.key);
          throw error;
        } else {
          await clock.sleep(delay.next(error.retryAfterMs), { signal: stop.signal });
        }
      }
    }

    async function create(): Promise<void> {
      const name = eventName(event.regarding.name, at, serial++);
      const body = eventObject(event, { name, namespace, message, count: record.count, at, nodeName });
      await transport.call(
        { method: 'POST', path: apiPath('api/v1/namespaces', namespace, 'events'), body },
        { signal: stop.signal },
      );
      record.name = name;
    }

    async function count(): Promise<void> {
      const path = apiPath('api/v1/namespaces', namespace, 'events', record.name);
      const body = { count: record.count, lastTimestamp: wireTime(at), message };
      await transport.call(
        { method: 'PATCH', path, contentType: strategicMergePatch, body },
        { signal: stop.signal },
      );
    }
  }

  return {
    record(event) {
      if (stop.signal.aborted || waiting.length >= maxWaiting) return;
      waiting.push({ event, at: clock.now() });
      draining ??= drain();
    },
    async [Symbol.asyncDispose]() {
      const deadline = setTimeout(() => stop.abort(), flushMs);
      await draining;
      clearTimeout(deadline);
      stop.abort();
    },
  };
}

interface EventDetails {
  readonly name: string;
  readonly namespace: string;
  readonly message: string;
  readonly count: number;
  readonly at: Date;
  readonly nodeName: string;
}

type WireEvent = Omit<CoreV1Event, 'firstTimestamp' | 'lastTimestamp' | 'eventTime'> & {
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
};

function eventObject(
  event: KubeEvent,
  { name, namespace, message, count, at, nodeName }: EventDetails,
): WireEvent {
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace },
    involvedObject: { ...event.regarding },
    type: event.type,
    reason: event.reason,
    message,
    count,
    firstTimestamp: wireTime(at),
    lastTimestamp: wireTime(at),
    source: { component: 'kubelet', host: nodeName },
    reportingComponent: 'kubelet',
    reportingInstance: nodeName,
  };
}

/** `<object>.<hexadecimal time>`, as every Kubernetes component names its events. */
function eventName(object: string, at: Date, serial: number): string {
  const nanoseconds = BigInt(at.getTime()) * 1_000_000n + BigInt(serial % 1_000_000);
  const suffix = `.${nanoseconds.toString(16)}`;
  return object.slice(0, maxNameLength - suffix.length) + suffix;
}

function wireTime(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
