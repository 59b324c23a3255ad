import { Duplex } from 'node:stream';
import Agent from 'undici/lib/dispatcher/agent.js';
import { exchange } from './exchange.ts';

/**
 * Makes a request that goes nowhere: undici reads its parser from disk with the first response, when the guest's
 * process may not read it any more.
 */
export async function warmUp(): Promise<void> {
  const agent = new Agent({
    connect: (_target, callback) => queueMicrotask(() => callback(null, answeringSocket())),
  });
  const url = new URL('http://warm-up.invalid/');
  const { body } = await exchange(agent, { url, method: 'GET', headers: new Map(), body: new Uint8Array(0) });
  body.close();
  await agent.destroy();
}

/** As much of a socket as undici needs. */
function answeringSocket(): never {
  const socket = new Duplex({
    read() {},
    write(_chunk, _encoding, done) {
      this.push('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      done();
    },
  });
  const nothing = (): Duplex => socket;
  return Object.assign(socket, {
    ref: nothing,
    unref: nothing,
    setTimeout: nothing,
    setNoDelay: nothing,
  }) as never;
}
