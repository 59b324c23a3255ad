import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { type AnswerBody, type BodySink, createAnswerBody } from './answer-body.ts';

export interface ExchangeRequest {
  readonly method: Dispatcher.HttpMethod;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable | Uint8Array | null;
  readonly signal: AbortSignal | undefined;
}

export interface ExchangeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: AnswerBody;
}

/**
 * One request, and the answer to it as soon as its header is here. The signal ends it as long as not all has come.
 *
 * Rejects with undici's errors, and with the signal's reason.
 */
export async function exchange(
  dispatcher: Dispatcher,
  { method, url, headers, body, signal }: ExchangeRequest,
): Promise<ExchangeAnswer> {
  const answered = Promise.withResolvers<ExchangeAnswer>();
  let controller: Dispatcher.DispatchController | undefined;
  let receiving: BodySink | undefined;
  let failure: { readonly error: Error } | undefined;
  let isOver = false;

  const finish = (): void => {
    isOver = true;
    controller = undefined;
    signal?.removeEventListener('abort', onAbort);
  };
  const fail = (error: Error): void => {
    if (isOver) return;
    finish();
    failure = { error };
    answered.reject(error);
    receiving?.fail(error);
    if (body !== null && 'destroy' in body) body.on('error', () => {}).destroy();
  };
  const abort = (reason: Error): void => {
    const running = controller;
    fail(reason);
    running?.abort(reason);
  };
  const onAbort = (): void => {
    const reason = signal?.reason as Error;
    if (receiving === undefined) abort(reason);
    else receiving.body.destroy(reason);
  };
  const receive = (announcedBytes: number): BodySink =>
    createAnswerBody({ announcedBytes, resume: () => controller?.resume(), abort });

  signal?.throwIfAborted();
  signal?.addEventListener('abort', onAbort, { once: true });
  dispatcher.dispatch(
    { origin: url.origin, path: `${url.pathname}${url.search}`, method, headers, body },
    {
      onRequestStart(started) {
        // It may have had to wait for a connection until nobody wanted it any more.
        if (failure === undefined) controller = started;
        else started.abort(failure.error);
      },
      onResponseStart(_controller, status, fields) {
        // What is said before the answer is of no use to anybody.
        if (status < 200 || isOver) return;
        receiving = receive(method === 'HEAD' ? 0 : Number(fields['content-length'] ?? 0));
        answered.resolve({ status, headers: fields, body: receiving.body });
      },
      onResponseData(receivingController, chunk) {
        if (receiving?.push(chunk) === false) receivingController.pause();
      },
      onResponseEnd() {
        finish();
        receiving?.end();
      },
      onResponseError: (_controller, error) => fail(error),
    },
  );
  return answered.promise;
}
