import type { ServerResponse } from 'node:http';
import type { Reply } from './content-store.ts';

export interface FaultMatch {
  readonly method?: string;
  /** Of path and query. */
  readonly path: RegExp;
}

export type Fault =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  | { readonly kind: 'redirect'; readonly to: string; readonly status?: number }
  /** Never answers. */
  | { readonly kind: 'hang' }
  /** Closes the connection in place of an answer. */
  | { readonly kind: 'reset' }
  | BodyFault;

/** What may be wrong with the body of an answer that is otherwise right. */
export type BodyFault =
  /** Announces all, sends so many bytes and closes the connection. */
  | { readonly kind: 'truncate'; readonly afterBytes: number }
  /** Announces all, sends so many bytes and then nothing. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** Announces nothing and ends early, in good order. */
  | { readonly kind: 'shorten'; readonly afterBytes: number }
  /** Announces nothing and sends more than there is. */
  | { readonly kind: 'lengthen' }
  /** Sends other bytes of the same length. */
  | { readonly kind: 'corrupt' }
  /** Sends all, in chunks, without a Content-Length. */
  | { readonly kind: 'chunked' };

export interface Faults {
  add(match: FaultMatch, fault: Fault, times: number): void;
  take(method: string, path: string): Fault | undefined;
  /** Sends a reply, with what a fault does to its body. */
  write(response: ServerResponse, fault: BodyFault | undefined, method: string, reply: Reply): void;
}

export function createFaults(): Faults {
  const list: { readonly match: FaultMatch; readonly fault: Fault; left: number }[] = [];
  return {
    add: (match, fault, left) => void list.push({ match, fault, left }),
    take(method, path) {
      const found = list.find(
        ({ match, left }) => left > 0 && (match.method ?? method) === method && match.path.test(path),
      );
      if (found) found.left -= 1;
      return found?.fault;
    },
    write(response, fault, method, { status, headers, body }) {
      const isEmpty = method === 'HEAD' || status === 204;
      if (fault === undefined || isEmpty) {
        response.writeHead(status, { 'content-length': String(body.length), ...headers });
        response.end(isEmpty ? undefined : body);
        return;
      }
      const announced = fault.kind === 'truncate' || fault.kind === 'stall' || fault.kind === 'corrupt';
      response.writeHead(status, {
        ...(announced ? { 'content-length': String(body.length) } : {}),
        ...headers,
      });
      switch (fault.kind) {
        case 'truncate':
          response.write(body.subarray(0, fault.afterBytes), () => response.destroy());
          break;
        case 'stall':
          response.write(body.subarray(0, fault.afterBytes));
          break;
        case 'shorten':
          response.end(body.subarray(0, fault.afterBytes));
          break;
        case 'lengthen':
          response.write(body);
          response.end(Buffer.alloc(1000));
          break;
        case 'corrupt':
          response.end(body.map((byte) => byte ^ 0xff));
          break;
        case 'chunked':
          response.write(body.subarray(0, 1));
          response.end(body.subarray(1));
      }
    },
  };
}
