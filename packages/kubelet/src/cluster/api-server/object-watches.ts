import type { V1ConfigMap, V1Secret } from '@kubernetes/client-node';
import type { Clock } from '../../node/clock.ts';
import type { Logger } from '../../node/logger.ts';
import type { ObjectWatch, WatchedKind, WatchedObject } from '../cluster.ts';
import { type Listed, reflect } from './reflector.ts';
import { apiPath, type Transport } from './transport.ts';

export interface ObjectWatchesOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}

/** One watch per object, however many pods use it; it ends with the last of them. */
export interface ObjectWatches extends AsyncDisposable {
  watch<K extends WatchedKind>(
    kind: K,
    namespace: string,
    name: string,
    onChange: (object: WatchedObject[K] | undefined) => void,
  ): ObjectWatch;
}

type AnyObject = (V1ConfigMap | V1Secret) & Listed;
type Listener = (object: AnyObject | undefined) => void;

interface SharedWatch {
  readonly listeners: Set<Listener>;
  /** What was reported last; `undefined` before the first report and after a deletion. */
  latest: AnyObject | undefined;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

export function createObjectWatches(options: ObjectWatchesOptions): ObjectWatches {
  const watches = new Map<string, SharedWatch>();

  function start(kind: WatchedKind, namespace: string, name: string): SharedWatch {
    const stop = new AbortController();
    const listeners = new Set<Listener>();
    const shared: SharedWatch = {
      listeners,
      latest: undefined,
      stop,
      ended: follow({ ...options, kind, namespace, name, signal: stop.signal }, (object) => {
        shared.latest = object;
        for (const listener of listeners) listener(object);
      }).catch((error: unknown) => {
        options.logger.error({ error, kind, namespace, name }, 'watching an object failed');
      }),
    };
    return shared;
  }

  return {
    watch(kind, namespace, name, onChange) {
      const key = `${kind}/${namespace}/${name}`;
      const shared = watches.get(key) ?? start(kind, namespace, name);
      watches.set(key, shared);
      // An own function per call, so that one callback can be registered twice.
      const listener: Listener = (object) => onChange(object);
      shared.listeners.add(listener);
      // Never before this call has returned.
      queueMicrotask(() => {
        if (shared.latest !== undefined && shared.listeners.has(listener)) listener(shared.latest);
      });
      return {
        async [Symbol.asyncDispose]() {
          shared.listeners.delete(listener);
          if (shared.listeners.size > 0) return;
          if (watches.get(key) === shared) watches.delete(key);
          shared.stop.abort();
          await shared.ended;
        },
      };
    },
    async [Symbol.asyncDispose]() {
      const all = [...watches.values()];
      watches.clear();
      for (const { stop } of all) stop.abort();
      await Promise.all(all.map(({ ended }) => ended));
    },
  };
}

/** How the kinds are called in paths. */
export const resourceNames: Readonly<Record<WatchedKind, string>> = {
  configMap: 'configmaps',
  secret: 'secrets',
};

interface FollowOptions extends ObjectWatchesOptions {
  readonly kind: WatchedKind;
  readonly namespace: string;
  readonly name: string;
  readonly signal: AbortSignal;
}

async function follow({ kind, namespace, name, ...options }: FollowOptions, report: Listener): Promise<void> {
  const deltas = reflect<AnyObject>({
    ...options,
    path: apiPath('api/v1/namespaces', namespace, resourceNames[kind]),
    // The only kind of list and watch that a node may make of these.
    fieldSelector: `metadata.name=${name}`,
    parse: parseObject,
    shared: true,
  });
  for await (const delta of deltas) {
    if (delta.type === 'synced') continue;
    report(delta.type === 'deleted' ? undefined : delta.object);
    // It can only be deleted, which its pods do not follow.
    if (delta.type !== 'deleted' && delta.object.immutable === true) return;
  }
}

function parseObject(json: unknown): AnyObject | undefined {
  const { metadata } = (json ?? {}) as V1Secret;
  return metadata?.name && metadata.uid ? (json as AnyObject) : undefined;
}
