import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
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
  /** Takes so many bytes of the request's body, keeps them, and closes the connection. */
  | { readonly kind: 'break'; readonly afterBytes: number }
  /** Does what was asked and closes the connection in place of the answer. */
  | { readonly kind: 'lose' }
  | BodyFault;

/** What may be wrong with the body of an answer that is otherwise right. */
export type BodyFault =
  /** Announces all, sends so many bytes and closes the connection. */
  | {
      readonly kind: 'truncate';
      readonly afterBytes: number;
      /** In place of those that the answer has. */
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Announces all, sends so many bytes and then nothing. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** Announces nothing and ends early, in good order. */
  | { readonly kind: 'shorten'; readonly afterBytes: number }
  /** Announces nothing and sends more than there is. */
  | { readonly kind: 'lengthen' }
  /** Sends other bytes of the same length. */
  | { readonly kind: 'corrupt' }
  /** Sends a few bytes at a time, for ever. */
  | { readonly kind: 'drip' }
  /** Sends it compressed, and says so. */
  | { readonly kind: 'gzip' }
  /** Announces so many bytes more or less than there are. */
  | { readonly kind: 'misannounce'; readonly by: number }
  /** Says of a part that it is another one. */
  | { readonly kind: 'misplace' }
  /** Adds a header. */
  | { readonly kind: 'header'; readonly name: string; readonly value: string }
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
      response.writeHead(status, { ...lengthOf(fault, body), ...headers, ...headersOf(fault) });
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
        case 'drip':
          drip(response, body);
          break;
        case 'gzip':
          response.end(gzipSync(body));
          break;
        case 'misannounce':
          response.end(
            fault.by < 0 ? body.subarray(0, fault.by) : Buffer.concat([body, Buffer.alloc(fault.by)]),
          );
          break;
        case 'misplace':
        case 'header':
          response.end(body);
          break;
        case 'chunked':
          response.write(body.subarray(0, 1));
          response.end(body.subarray(1));
      }
    },
  };
}

function lengthOf(fault: BodyFault, { length }: Uint8Array): Record<string, string> {
  switch (fault.kind) {
    case 'truncate':
    case 'stall':
    case 'corrupt':
    case 'drip':
    case 'misplace':
    case 'header':
      return { 'content-length': String(length) };
    case 'misannounce':
      return { 'content-length': String(length + fault.by) };
    case 'shorten':
    case 'lengthen':
    case 'gzip':
    case 'chunked':
      return {};
  }
}

function headersOf(fault: BodyFault): Record<string, string> {
  if (fault.kind === 'gzip') return { 'content-encoding': 'gzip' };
  if (fault.kind === 'misplace') return { 'content-range': 'bytes 1-2/3' };
  if (fault.kind === 'truncate') return { ...fault.headers };
  return fault.kind === 'header' ? { [fault.name]: fault.value } : {};
}

const dripMs = 20;

/** Ends with the connection. */
function drip(response: ServerResponse, body: Uint8Array): void {
  let sent = 0;
  const timer = setInterval(() => {
    response.write(body.subarray(sent, sent + 1));
    sent += 1;
  }, dripMs);
  response.on('close', () => clearInterval(timer));
}
