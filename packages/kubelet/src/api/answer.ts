import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** One request's answer, and until when anybody waits for it. */
export interface Exchange {
  readonly response: ServerResponse;
  /** Aborts when the client is gone or the server closes. */
  readonly signal: AbortSignal;
}

/** A whole answer in plain text. */
export function answer(
  response: ServerResponse,
  status: number,
  text: string,
  headers: OutgoingHttpHeaders = {},
): void {
  send(response, status, text, { 'content-type': 'text/plain; charset=utf-8', ...headers });
}

export function answerJson(response: ServerResponse, value: unknown): void {
  send(response, 200, JSON.stringify(value), { 'content-type': 'application/json' });
}

export function answerNotFound(response: ServerResponse): void {
  answer(response, 404, '404 page not found\n');
}

/** @param allowed the methods that there are, as the header `Allow` lists them */
export function answerMethodNotAllowed(response: ServerResponse, allowed: string): void {
  answer(response, 405, 'Method Not Allowed', { allow: allowed });
}

function send(response: ServerResponse, status: number, text: string, headers: OutgoingHttpHeaders): void {
  response.writeHead(status, {
    ...headers,
    'content-length': Buffer.byteLength(text),
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}
