import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Authorizer, UserInfo } from '../cluster/cluster.ts';
import type { Clock } from '../node/clock.ts';
import type { Logger } from '../node/logger.ts';

export interface AuthenticationOptions {
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Who sends a request, by client certificate or else by bearer token; `undefined`: nobody that is known. */
export async function authenticate(
  request: IncomingMessage,
  { authorizer, clock, logger }: AuthenticationOptions,
): Promise<UserInfo | undefined> {
  const owner = certificateUser(request.socket as TLSSocket, clock.now());
  if (owner !== undefined) return authenticated(owner);
  const token = bearerToken(request.headers.authorization);
  if (token === undefined) return undefined;
  try {
    const holder = await authorizer.authenticate(token);
    return holder === undefined ? undefined : authenticated(holder);
  } catch (error) {
    logger.error({ error }, 'a bearer token could not be reviewed');
    return undefined;
  }
}

/** CN is the user, each O a group. The connection may have outlived the certificate that it began with. */
function certificateUser(socket: TLSSocket, now: Date): UserInfo | undefined {
  if (!socket.authorized) return undefined;
  // Empty without a certificate, and there are connections that count as authorized without one.
  const { subject, valid_to: validTo } = socket.getPeerCertificate();
  const username = values(subject?.CN).at(-1);
  if (!username || now > new Date(validTo)) return undefined;
  return { username, groups: values(subject.O) };
}

function values(attribute: string | readonly string[] | undefined): readonly string[] {
  return attribute === undefined ? [] : [attribute].flat();
}

function bearerToken(header = ''): string | undefined {
  return /^bearer ([^ ]+)/i.exec(header.trim())?.[1];
}

const everybody = 'system:authenticated';

function authenticated(user: UserInfo): UserInfo {
  return user.groups.includes(everybody) ? user : { ...user, groups: [...user.groups, everybody] };
}
