import type { PodSnapshot } from '../pods/pod-snapshot.ts';
import type { Health } from '../provider.ts';

/** What the kubelet's API shows. A `PodController` is one but for `dataDirectory`. */
export interface KubeletBackend {
  /** Absolute path of the directory in which pods keep their logs. */
  readonly dataDirectory: string;
  snapshot(): readonly PodSnapshot[];
  find(namespace: string, name: string): PodSnapshot | undefined;
}

/** One named part of `/healthz`. */
export interface HealthCheck {
  /** Also `/healthz/<name>`. */
  readonly name: string;
  check(): Health | Promise<Health>;
}
