import type { V1EnvFromSource, V1EnvVarSource } from '@kubernetes/client-node';
import type { ObjectReader } from '../cluster/cluster.ts';
import { ClusterError } from '../cluster/cluster.ts';
import type { AbortOptions } from '../provider.ts';
import { ConfigError } from './config-error.ts';

type KeySelector = NonNullable<V1EnvVarSource['configMapKeyRef']>;
type EnvFrom = NonNullable<V1EnvFromSource['configMapRef']>;
type Values = Readonly<Record<string, string>>;

/** ConfigMaps and Secrets as variables come from them; each is read once. */
export interface EnvSources {
  /** `undefined`: it is optional and not there. Rejects with {@link ConfigError} or `ClusterError`. */
  key(kind: SourceKind, selector: KeySelector): Promise<string | undefined>;
  /** All keys of an object. */
  all(kind: SourceKind, source: EnvFrom): Promise<Values>;
}

export type SourceKind = 'configMap' | 'secret';

export function createEnvSources(
  objects: Pick<ObjectReader, 'configMap' | 'secret'>,
  namespace: string,
  { signal }: AbortOptions,
): EnvSources {
  const read = new Map<string, Promise<Values | undefined>>();
  const options = signal === undefined ? {} : { signal };

  const valuesOf = (kind: SourceKind, name: string): Promise<Values | undefined> => {
    const id = `${kind}/${name}`;
    const known = read.get(id);
    if (known !== undefined) return known;
    const values =
      kind === 'configMap'
        ? objects.configMap(namespace, name, options).then(({ data }) => data ?? {})
        : objects.secret(namespace, name, options).then(({ data }) => decode(data ?? {}));
    const present = values.catch((error: unknown) => {
      if (error instanceof ClusterError && error.code === 'NotFound') return undefined;
      throw error;
    });
    read.set(id, present);
    return present;
  };

  return {
    async key(kind, { name = '', key, optional }) {
      const values = await valuesOf(kind, name);
      if (values !== undefined && Object.hasOwn(values, key)) return values[key];
      if (optional) return undefined;
      if (values === undefined) throw notFound(kind, name);
      throw new ConfigError(`couldn't find key ${key} in ${titles[kind]} ${namespace}/${name}`);
    },
    async all(kind, { name = '', optional }) {
      const values = await valuesOf(kind, name);
      if (values !== undefined) return values;
      if (optional) return {};
      throw notFound(kind, name);
    },
  };
}

const titles: Readonly<Record<SourceKind, string>> = { configMap: 'ConfigMap', secret: 'Secret' };

function notFound(kind: SourceKind, name: string): ConfigError {
  return new ConfigError(`${kind.toLowerCase()} "${name}" not found`);
}

function decode(data: Values): Values {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  );
}
