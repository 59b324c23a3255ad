import type { ReceivedResponse } from '../client/exchange.ts';
import { limits } from './limits.ts';

export type Handle = number;

/** The responses that a guest has not closed, under the numbers by which it knows them. */
export interface ResponseTable {
  /** Whether one more response may be opened. */
  hasRoom(): boolean;
  add(response: ReceivedResponse): Handle;
  get(handle: Handle): ReceivedResponse | undefined;
  /** Forgets it, and ends its transfer. Unknown handles are left alone. */
  close(handle: Handle): void;
  closeAll(): void;
}

/** @param max responses that may be open at once */
export function createResponseTable(max: number): ResponseTable {
  const open = new Map<Handle, ReceivedResponse>();
  let bytes = 0;
  // It stays where the last free number was found, so that open, close, open gives the same number twice.
  let cursor = 0;

  const close = (handle: Handle): void => {
    const response = open.get(handle);
    if (response === undefined) return;
    open.delete(handle);
    bytes -= costOf(response);
    response.body.close();
  };

  return {
    hasRoom: () =>
      open.size < max &&
      bytes < limits.openResponseBytes &&
      (open.size < limits.unreadResponses || countUnread(open) < limits.unreadResponses),
    add(response) {
      while (open.has(cursor)) cursor = (cursor + 1) >>> 0;
      open.set(cursor, response);
      bytes += costOf(response);
      return cursor;
    },
    get: (handle) => open.get(handle),
    close,
    closeAll() {
      for (const handle of open.keys()) close(handle);
    },
  };
}

function costOf({ headers }: ReceivedResponse): number {
  return headers.reduce(
    (sum, [name, value]) => sum + name.length + value.length + limits.headerOverheadBytes,
    limits.responseOverheadBytes as number,
  );
}

function countUnread(open: ReadonlyMap<Handle, ReceivedResponse>): number {
  let unread = 0;
  for (const { body } of open.values()) if (!body.isRead) unread += 1;
  return unread;
}
