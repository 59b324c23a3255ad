import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { expect, test } from 'vitest';
import { createHandler } from '../../src/serve.ts';
import { send } from '../fixtures/send.ts';
import { serverGuest } from '../fixtures/server-guest.ts';

const guest = await serverGuest();

test('a handler is a listener for a server of the application', async () => {
  await using handler = createHandler(guest);
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/component')) {
      request.url = request.url.slice('/component'.length);
      handler.listener(request, response);
    } else response.end('own');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await expect(send(port, '/component/hello')).resolves.toMatchObject({ text: 'Hello World\n' });
  await expect(send(port, '/')).resolves.toMatchObject({ text: 'own' });
  server.close();
  await once(server, 'close');
});

test('a handler answers web requests', async () => {
  await using handler = createHandler(guest);
  const hello = await handler.fetch(new Request('http://host/hello'));
  expect(hello.status).toBe(200);
  await expect(hello.text()).resolves.toBe('Hello World\n');

  const body = randomBytes(1_000_000);
  const echoed = await handler.fetch(new Request('http://host/echo', { method: 'POST', body }));
  expect(Buffer.from(await echoed.arrayBuffer()).equals(body)).toBe(true);

  await expect(handler.fetch(new Request('http://host/trap-before'))).resolves.toMatchObject({ status: 500 });
  await expect(handler.fetch(new Request('http://host/empty'))).resolves.toMatchObject({
    status: 204,
    body: null,
  });
  const broken = await handler.fetch(new Request('http://host/trap-in'));
  await expect(broken.text()).rejects.toThrow('the guest trapped');
  const large = await handler.fetch(new Request('http://host/big'));
  expect((await large.arrayBuffer()).byteLength).toBe(64 * 1024 * 1024);
});

test('a status that is none of HTTP’s is 500 for fetch', async () => {
  await using handler = createHandler(
    await serverGuest({
      '/999': `(call $end-body (call $begin (local.get $out) (i32.const 999)))`,
    }),
  );
  await expect(handler.fetch(new Request('http://host/999'))).resolves.toMatchObject({ status: 500 });
});

test('a web response that nobody reads to its end stops the guest', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  await using handler = createHandler(guest, { onRequest: ({ ending }) => resolve(ending) });
  const { body } = await handler.fetch(new Request('http://host/stall'));
  await body?.cancel();
  await expect(promise).resolves.toBe('gone');
});

test('a component that is no server answers with 500, and says why to the application', async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  await using handler = createHandler(await parse('(component)'), { onRequest: ({ trap }) => resolve(trap) });
  await expect(handler.fetch(new Request('http://host/'))).resolves.toMatchObject({ status: 500 });
  await expect(promise).resolves.toMatchObject({ code: 'NO_HANDLER' });
});

test('a module that is no component, or one that needs what nobody has, is refused at once', async () => {
  const module = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  expect(() => createHandler(module)).toThrow(/component/);
  const needy = await parse(`(component
    (import "test:none/none" (instance $none (export "f" (func))))
    (core func $f (canon lower (func $none "f")))
    (core module $m (import "" "f" (func)))
    (core instance (instantiate $m (with "" (instance (export "f" (func $f)))))))`);
  expect(() => createHandler(needy)).toThrow(/test:none\/none/);
});
