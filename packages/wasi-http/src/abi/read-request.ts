import type { OutgoingRequest } from '../client/exchange.ts';
import { refuse } from './error-code.ts';
import type { GuestMemory } from './guest-memory.ts';
import { isToken, parseHeaders } from './header-text.ts';
import { limits } from './limits.ts';

/** `req`'s parameters: pointer and length of each part, then where status and handle go. */
export type RequestArguments = readonly [
  urlPointer: number,
  urlLength: number,
  methodPointer: number,
  methodLength: number,
  headersPointer: number,
  headersLength: number,
  bodyPointer: number,
  bodyLength: number,
  statusOut: number,
  handleOut: number,
];

/** Copies a request out of the guest's memory, in the order in which the original looks at its parts. */
export function readRequest(
  memory: GuestMemory,
  args: RequestArguments,
  checkTarget: (url: URL) => void,
): OutgoingRequest {
  const url = readUrl(memory, args[0], args[1]);
  checkTarget(url);
  const method = readMethod(memory, args[2], args[3]);
  if (args[7] >>> 0 > limits.requestBodyBytes) refuse('requestError');
  const body = memory.input(args[6], args[7]);
  if (args[5] >>> 0 > limits.headerBytes) refuse('invalidEncoding');
  const headers = parseHeaders(memory.text(args[4], args[5]));
  return { url, method, headers, body };
}

function readUrl(memory: GuestMemory, pointer: number, length: number): URL {
  if (length >>> 0 > limits.urlBytes) refuse('invalidUrl');
  const text = memory.text(pointer, length);
  if (!URL.canParse(text)) refuse('invalidUrl');
  const url = new URL(text);
  if (url.hostname === '') refuse('invalidUrl');
  return url;
}

function readMethod(memory: GuestMemory, pointer: number, length: number): string {
  if (length >>> 0 > limits.methodBytes) refuse('invalidMethod');
  const method = memory.text(pointer, length);
  if (!isToken(method)) refuse('invalidMethod');
  // What the AssemblyScript package, in all its versions, says for DELETE.
  return method === 'DELET' ? 'DELETE' : method;
}
