import { type EgressDenial, egressDenial, type EgressGuard } from '@wasmlet/egress';
import type { OutgoingRequest, ReceivedResponse } from '../client/exchange.ts';
import type { HttpClient } from '../client/http-client.ts';
import { headerOf } from '../client/response-headers.ts';
import { denialOf } from '../policy/denial-of.ts';
import { endpointOf } from '../policy/endpoint-of.ts';
import { CallError, errorCode, refuse } from './error-code.ts';
import { type GuestMemory, openMemory } from './guest-memory.ts';
import { formatHeaders, isToken } from './header-text.ts';
import { limits } from './limits.ts';
import { readRequest, type RequestArguments } from './read-request.ts';
import { createResponseTable, type Handle } from './response-table.ts';

/** The functions of `wasi_experimental_http`; each answers with an error code, and traps only for a bug. */
export interface Calls {
  readonly req: (...args: number[]) => Promise<number>;
  readonly close: (handle: Handle) => number;
  readonly headerGet: (
    ...args: [handle: Handle, name: number, nameLength: number, value: number, cap: number, out: number]
  ) => number;
  readonly headersGetAll: (handle: Handle, buffer: number, cap: number, out: number) => number;
  readonly bodyRead: (handle: Handle, buffer: number, cap: number, out: number) => Promise<number>;
  /** Closes all responses. */
  readonly end: () => void;
}

export interface CallsOptions {
  readonly guard: EgressGuard;
  /** Most responses that may be open at once. */
  readonly maxResponses: number;
  /** Most bytes of a request's body. */
  readonly maxBodyBytes: number;
  readonly memory: () => WebAssembly.Memory | undefined;
  /** Asked for with each request that is allowed. */
  readonly client: () => Promise<HttpClient>;
  readonly report: (denial: EgressDenial) => void;
}

export function createCalls({
  guard,
  maxResponses,
  maxBodyBytes,
  memory,
  client,
  report,
}: CallsOptions): Calls {
  const responses = createResponseTable(maxResponses);
  const open = (): GuestMemory => openMemory(memory());
  const find = (handle: Handle): ReceivedResponse => responses.get(handle >>> 0) ?? refuse('invalidHandle');

  const deny = (denial: EgressDenial, cause?: unknown): never => {
    report(denial);
    return refuse('destinationNotAllowed', cause);
  };

  const checkTarget = (url: URL): void => {
    const verdict = guard.checkHost(url.hostname, endpointOf(url));
    if (!verdict.allowed) deny(egressDenial(url.hostname, verdict));
  };

  const send = async (request: OutgoingRequest): Promise<ReceivedResponse> => {
    if (request.body.length > maxBodyBytes) refuse('requestError');
    const http = await client();
    try {
      return await http.send(request);
    } catch (error) {
      const denial = denialOf(error, request.url.hostname);
      return denial === undefined ? refuse('requestError', error) : deny(denial, error);
    }
  };

  return {
    req: (...args) =>
      answerLater(async () => {
        if (!isRequest(args)) throw wrongAbi(args.length);
        const before = open();
        if (!responses.hasRoom()) refuse('tooManySessions');
        const request = readRequest(before, args, checkTarget);
        const [statusOut, handleOut] = [args[8], args[9]];
        // The original writes blindly afterwards, and loses the response if it cannot.
        before.checkOutput(statusOut, 2);
        before.checkOutput(handleOut, 4);
        const response = await send(request);
        const after = open();
        after.setU16(statusOut, response.status);
        after.setU32(handleOut, responses.add(response));
      }),

    close(handle) {
      responses.close(handle >>> 0);
      return errorCode.success;
    },

    headerGet: (handle, name, nameLength, value, cap, out) =>
      answer(() => {
        const guest = open();
        const { headers } = find(handle);
        if (nameLength >>> 0 > limits.headerBytes) refuse('headerNotFound');
        const asked = guest.text(name, nameLength);
        const found = isToken(asked) ? headerOf(headers, asked.toLowerCase()) : undefined;
        if (found === undefined) return refuse('headerNotFound');
        writeOut(guest, Buffer.from(found, 'latin1'), { buffer: value, cap, out });
      }),

    headersGetAll: (handle, buffer, cap, out) =>
      answer(() => {
        const guest = open();
        writeOut(guest, formatHeaders(find(handle).headers), { buffer, cap, out });
      }),

    bodyRead: (handle, buffer, cap, out) =>
      answerLater(async () => {
        const guest = open();
        const { body } = find(handle);
        const wanted = cap >>> 0;
        // A guest may say more than its memory has, if the body is shorter.
        const room = Math.min(wanted, guest.length - (buffer >>> 0));
        if (room < 0) refuse('memoryAccessError');
        guest.checkOutput(out, 4);
        let filled = 0;
        while (filled < wanted) {
          const piece = await body
            .take(Math.max(1, room - filled))
            .catch((error: unknown) => refuse('requestError', error));
          if (piece === undefined) break;
          if (filled === room) refuse('memoryAccessError');
          open().write((buffer >>> 0) + filled, piece);
          filled += piece.length;
        }
        open().setU32(out, filled);
      }),

    end: () => responses.closeAll(),
  };
}

interface OutputBuffer {
  readonly buffer: number;
  readonly cap: number;
  /** Where the number of bytes goes. */
  readonly out: number;
}

function writeOut(guest: GuestMemory, bytes: Uint8Array, { buffer, cap, out }: OutputBuffer): void {
  if (bytes.length > cap >>> 0) refuse('bufferTooSmall');
  guest.write(buffer, bytes);
  guest.setU32(out, bytes.length);
}

function answer(call: () => void): number {
  try {
    call();
    return errorCode.success;
  } catch (error) {
    return codeOf(error);
  }
}

async function answerLater(call: () => Promise<void>): Promise<number> {
  try {
    await call();
    return errorCode.success;
  } catch (error) {
    return codeOf(error);
  }
}

function codeOf(error: unknown): number {
  if (error instanceof CallError) return error.code;
  throw error;
}

const requestParameters = 10;

function isRequest(args: readonly number[]): args is RequestArguments {
  return args.length === requestParameters;
}

/** JavaScript functions take any number of arguments, so a module of another version links. */
function wrongAbi(parameters: number): TypeError {
  return new TypeError(
    `the module calls wasi_experimental_http.req with ${parameters} parameters, as wasi-experimental-http 0.1 and 0.2 did, ` +
      `not with ${requestParameters}; build it with 0.3 or later`,
  );
}
