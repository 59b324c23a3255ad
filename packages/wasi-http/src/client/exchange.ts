import type { Dispatcher } from 'undici';
import { createResponseBody, type ResponseBody, type Transfer } from './response-body.ts';
import { readHeaders, type ResponseHeaders } from './response-headers.ts';

/** One request to one server; redirects make further ones. */
export interface OutgoingRequest {
  /** `http:` or `https:`. */
  readonly url: URL;
  readonly method: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

export interface ReceivedResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly body: ResponseBody;
}

/** Sends a request; resolves when the response's headers are there. Rejects with what undici, TLS or the connector says. */
export async function exchange(
  dispatcher: Dispatcher,
  { url, method, headers, body }: OutgoingRequest,
  maxBodyBytes = Number.POSITIVE_INFINITY,
): Promise<ReceivedResponse> {
  let bytes = 0;
  const { promise, resolve, reject } = Promise.withResolvers<ReceivedResponse>();
  let transfer: Transfer | undefined;
  const received = createResponseBody(() => transfer);
  const options: Dispatcher.DispatchOptions = {
    origin: url.origin,
    path: url.pathname + url.search,
    method,
    headers: [...headers].flat(),
    body: body.length === 0 ? null : Buffer.from(body.buffer, body.byteOffset, body.byteLength),
  };
  dispatcher.dispatch(options, {
    onRequestStart(controller) {
      transfer = controller;
    },
    onResponseStart({ rawHeaders }, status) {
      if (status < 200) return;
      const raw = Array.isArray(rawHeaders) ? rawHeaders : [];
      resolve({ status, headers: readHeaders(raw), body: received.body });
    },
    onResponseData(controller, chunk) {
      bytes += chunk.length;
      if (bytes <= maxBodyBytes) received.push(chunk);
      else controller.abort(new RangeError(`the response has more than ${maxBodyBytes} bytes`));
    },
    onResponseEnd() {
      received.end();
    },
    onResponseError(_controller, error) {
      received.fail(error);
      reject(error);
    },
  });
  return promise;
}
