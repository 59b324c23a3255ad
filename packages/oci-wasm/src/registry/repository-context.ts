import type { Place } from '../content/verified.ts';
import type { AuthorizedSender } from './access/authorized-sender.ts';
import type { Endpoint } from './endpoints.ts';
import type { Http } from './http/http.ts';
import type { RetryPolicy } from './http/retry-policy.ts';
import type { Uploads } from './upload/upload-policy.ts';
import type { UrlGuard } from './http/url-guard.ts';

/** An open way to one repository, for the functions that speak to it. */
export interface RepositoryContext {
  readonly endpoint: Endpoint;
  readonly sender: AuthorizedSender;
  readonly http: Http;
  readonly guard: UrlGuard;
  readonly retry: RetryPolicy;
  readonly uploads: Uploads;
  /** When the transfer is to be over, by the policy's clock. */
  readonly endsAt: number;
  /** `registry/repository`, for messages. */
  readonly name: string;
  readonly repository: string;
  /** Where its content comes from, for messages. */
  readonly place: Place;
  /** What it is opened for, for messages. */
  readonly verb: 'pull' | 'push';
  /** Absolute URL of a path below the repository. */
  url(path: string): URL;
}
