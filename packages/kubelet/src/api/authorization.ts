import type { Authorizer, UserInfo } from '../cluster/cluster.ts';
import type { Logger } from '../node/logger.ts';
import type { NodeAccess } from './node-access.ts';

export interface AuthorizationOptions {
  readonly nodeName: string;
  readonly authorizer: Authorizer;
  readonly logger: Logger;
}

/** Why a request goes no further. */
export interface Refusal {
  readonly status: 403 | 500;
  readonly message: string;
}

/** Asks for each subresource in turn; `undefined`: the user may. What cannot be asked is not allowed. */
export async function refusalOf(
  user: UserInfo,
  { verb, subresources }: NodeAccess,
  { nodeName, authorizer, logger }: AuthorizationOptions,
): Promise<Refusal | undefined> {
  const what = `user=${user.username}, verb=${verb}, resource=nodes`;
  for (const subresource of subresources) {
    const attributes = { verb, resource: 'nodes', subresource, name: nodeName };
    try {
      const { allowed } = await authorizer.authorize(user, attributes);
      if (allowed) return undefined;
    } catch (error) {
      logger.error({ user: user.username, verb, subresource, error }, 'access could not be reviewed');
      return { status: 500, message: `Authorization error (${what}, subresource=${subresource})` };
    }
  }
  const message = `Forbidden (${what}, subresource(s)=[${subresources.join(' ')}])\n`;
  return { status: 403, message };
}
