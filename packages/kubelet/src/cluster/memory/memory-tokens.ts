import type { Clock } from '../../node/clock.ts';
import { type BoundTokenRequest, ClusterError, type TokenIssuer } from '../cluster.ts';
import { requirePod } from './memory-pods.ts';
import type { ObjectStore } from './object-store.ts';

export function memoryTokens(store: ObjectStore, clock: Clock, policy: 'unsigned' | 'refused'): TokenIssuer {
  return {
    async request(request, { signal } = {}) {
      signal?.throwIfAborted();
      if (policy === 'refused') {
        throw new ClusterError(
          'Forbidden',
          `no token for service account ${request.namespace}/${request.serviceAccount}: there is no API server; ` +
            'remove the serviceAccountToken volume or set automountServiceAccountToken: false',
        );
      }
      requirePod(store, request.pod);
      const now = clock.now().getTime();
      const expiresAt = new Date(now + request.expirationSeconds * 1000);
      return { token: unsignedToken(request, now, expiresAt), expiresAt };
    },
  };
}

/** A JWT of the shape that pods expect, with the algorithm `none`: nobody will accept it as proof. */
function unsignedToken(request: BoundTokenRequest, now: number, expiresAt: Date): string {
  const { namespace, serviceAccount, audience, pod } = request;
  const claims = {
    iss: 'wasmlet-standalone',
    sub: `system:serviceaccount:${namespace}:${serviceAccount}`,
    aud: audience === undefined ? [] : [audience],
    iat: Math.floor(now / 1000),
    exp: Math.floor(expiresAt.getTime() / 1000),
    'kubernetes.io': {
      namespace,
      pod: { name: pod.name, uid: pod.uid },
      serviceaccount: { name: serviceAccount },
    },
  };
  return `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
