import type {
  AuthenticationV1TokenRequest,
  V1SubjectAccessReview,
  V1TokenReview,
} from '@kubernetes/client-node';
import { type Authorizer, ClusterError, type TokenIssuer, type UserInfo } from '../cluster.ts';
import { apiPath, type Transport } from './transport.ts';

/** TokenRequest: tokens for pods. */
export function apiTokens(transport: Transport): TokenIssuer {
  return {
    async request({ namespace, serviceAccount, audience, expirationSeconds, pod }, abort) {
      const answer = (await transport.call(
        {
          method: 'POST',
          path: apiPath('api/v1/namespaces', namespace, 'serviceaccounts', serviceAccount, 'token'),
          body: {
            apiVersion: 'authentication.k8s.io/v1',
            kind: 'TokenRequest',
            spec: {
              audiences: audience === undefined ? [] : [audience],
              expirationSeconds,
              boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod.name, uid: pod.uid },
            },
          },
        },
        abort,
      )) as AuthenticationV1TokenRequest | undefined;
      const { token, expirationTimestamp } = answer?.status ?? {};
      if (token === undefined || expirationTimestamp === undefined) {
        throw new ClusterError('Unavailable', 'the API server answered a token request without a token');
      }
      return { token, expiresAt: new Date(expirationTimestamp) };
    },
  };
}

/** TokenReview and SubjectAccessReview: who calls the kubelet's API and what they may do. */
export function apiAuthorizer(transport: Transport): Authorizer {
  return {
    async authenticate(token, abort) {
      const review = (await transport.call(
        {
          method: 'POST',
          path: '/apis/authentication.k8s.io/v1/tokenreviews',
          body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } },
        },
        abort,
      )) as V1TokenReview | undefined;
      const { authenticated, user } = review?.status ?? {};
      return authenticated === true && user?.username ? userInfo(user) : undefined;
    },
    async authorize(user, { verb, resource, subresource, name }, abort) {
      const review = (await transport.call(
        {
          method: 'POST',
          path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
          body: {
            apiVersion: 'authorization.k8s.io/v1',
            kind: 'SubjectAccessReview',
            spec: {
              user: user.username,
              groups: user.groups,
              ...(user.uid === undefined ? {} : { uid: user.uid }),
              ...(user.extra === undefined ? {} : { extra: user.extra }),
              resourceAttributes: { verb, group: '', version: 'v1', resource, subresource, name },
            },
          },
        },
        abort,
      )) as V1SubjectAccessReview | undefined;
      const { allowed = false, reason = '' } = review?.status ?? {};
      return { allowed, reason };
    },
  };
}

type ReviewedUser = NonNullable<NonNullable<V1TokenReview['status']>['user']>;

function userInfo({ username = '', uid, groups = [], extra }: ReviewedUser): UserInfo {
  return {
    username,
    groups,
    ...(uid ? { uid } : {}),
    ...(extra === undefined ? {} : { extra }),
  };
}
