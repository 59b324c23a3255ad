import { expect, test } from 'vitest';
import { createResponseTable } from '../../src/abi/response-table.ts';
import type { ReceivedResponse } from '../../src/client/exchange.ts';
import { createResponseBody } from '../../src/client/response-body.ts';

/** A response whose body has been read, as one without a body. */
function readResponse(headerBytes: number): ReceivedResponse {
  const writer = createResponseBody(() => undefined);
  writer.end();
  return { status: 200, headers: [['a', 'b'.repeat(headerBytes - 1)]], body: writer.body };
}

test('headers of responses that are never closed fill the room that there is', () => {
  const table = createResponseTable(Number.POSITIVE_INFINITY);
  let open = 0;
  while (table.hasRoom() && open < 1000) {
    table.add(readResponse(64 * 1024));
    open += 1;
  }
  expect(open).toBeGreaterThan(240);
  expect(open).toBeLessThan(260);
  table.close(3);
  expect(table.hasRoom()).toBe(true);
});

test('responses that have been read take little room', () => {
  const table = createResponseTable(Number.POSITIVE_INFINITY);
  let open = 0;
  while (table.hasRoom() && open < 100_000) {
    table.add(readResponse(500));
    open += 1;
  }
  expect(open).toBeGreaterThan(10_000);
  expect(open).toBeLessThan(12_000);
  table.closeAll();
  expect(table.get(0)).toBeUndefined();
  expect(table.hasRoom()).toBe(true);
});
