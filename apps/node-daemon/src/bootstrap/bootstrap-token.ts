import { randomInt } from 'node:crypto';

/** Lets a node that has no identity yet ask for one. */
export interface BootstrapToken {
  /** 6 characters; no secret. */
  readonly id: string;
  /** `id.secret`, as it is sent. */
  readonly token: string;
  readonly expiresAt: Date;
  /** The Secret that makes the API server know it. */
  readonly secret: object;
}

const lifetimeMs = 60 * 60 * 1000;

/** https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/ */
export function createBootstrapToken(now: Date): BootstrapToken {
  const id = randomText(6);
  const secret = randomText(16);
  const expiresAt = new Date(now.getTime() + lifetimeMs);
  return {
    id,
    token: `${id}.${secret}`,
    expiresAt,
    secret: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
      type: 'bootstrap.kubernetes.io/token',
      stringData: {
        description: 'Made by wasmlet bootstrap for a node that joins.',
        'token-id': id,
        'token-secret': secret,
        expiration: expiresAt.toISOString().replace(/\.\d+Z$/, 'Z'),
        'usage-bootstrap-authentication': 'true',
        'usage-bootstrap-signing': 'true',
        'auth-extra-groups': bootstrapGroup,
      },
    },
  };
}

/** The group that kubeadm's bindings name. */
export const bootstrapGroup = 'system:bootstrappers:kubeadm:default-node-token';

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';

function randomText(length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}
