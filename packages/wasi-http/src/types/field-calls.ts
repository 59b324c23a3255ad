import type { CoreHostFunction, GuestView } from '@wasmlet/wasm-runtime/host';
import { Fields, FieldsTooLarge, type HeaderError, maxFieldsBytes } from './fields.ts';
import { immediate, latin1 } from './host-function.ts';
import { fields } from './resources.ts';

/** The functions of `fields`. */
export const fieldCalls: Readonly<Record<string, CoreHostFunction>> = {
  '[constructor]fields': immediate(
    '() -> (i32)',
    (guest) => () => guest.handles.insert(fields, Fields.empty()),
  ),

  '[static]fields.from-list': immediate('(i32 i32 i32) -> ()', (guest) => (list, length, out) => {
    const made = Fields.empty();
    const start = guest.check(list, (length >>> 0) * 16, 4);
    let error: HeaderError | undefined;
    for (let index = 0; index < length >>> 0 && error === undefined; index += 1) {
      const at = start + index * 16;
      error = bounded(guest, () =>
        made.append(readName(guest, word(guest, at), word(guest, at + 4)), readValue(guest, at + 8)),
      );
    }
    const at = guest.check(out, 8, 4);
    guest.bytes()[at] = error === undefined ? 0 : 1;
    if (error === undefined) guest.view().setInt32(at + 4, guest.handles.insert(fields, made), true);
    else guest.bytes()[at + 4] = error;
  }),

  '[method]fields.get': immediate('(i32 i32 i32 i32) -> ()', (guest) => (self, name, length, out) => {
    const values = guest.handles.get(fields, self).get(readName(guest, name, length));
    const list = guest.allocate(values.length * 8, 4);
    for (const [index, value] of values.entries()) {
      guest.storeBytes(list + index * 8, Buffer.from(value, 'latin1'));
    }
    storeList(guest, out, list, values.length);
  }),

  '[method]fields.has': immediate(
    '(i32 i32 i32) -> (i32)',
    (guest) => (self, name, length) =>
      guest.handles.get(fields, self).has(readName(guest, name, length)) ? 1 : 0,
  ),

  '[method]fields.set': immediate(
    '(i32 i32 i32 i32 i32 i32) -> ()',
    (guest) => (self, name, nameLength, list, length, out) => {
      const target = guest.handles.get(fields, self);
      const start = guest.check(list, (length >>> 0) * 8, 4);
      if ((length >>> 0) * 8 > maxFieldsBytes) guest.trap(new FieldsTooLarge());
      const values = Array.from({ length: length >>> 0 }, (_, index) => readValue(guest, start + index * 8));
      const key = readName(guest, name, nameLength);
      storeOutcome(
        guest,
        out,
        bounded(guest, () => target.set(key, values)),
      );
    },
  ),

  '[method]fields.delete': immediate('(i32 i32 i32 i32) -> ()', (guest) => (self, name, length, out) => {
    storeOutcome(guest, out, guest.handles.get(fields, self).delete(readName(guest, name, length)));
  }),

  '[method]fields.append': immediate(
    '(i32 i32 i32 i32 i32 i32) -> ()',
    (guest) => (self, name, nameLength, value, length, out) => {
      const target = guest.handles.get(fields, self);
      const key = readName(guest, name, nameLength);
      const text = latin1(guest.span(value, boundedLength(guest, length)));
      storeOutcome(
        guest,
        out,
        bounded(guest, () => target.append(key, text)),
      );
    },
  ),

  '[method]fields.entries': immediate('(i32 i32) -> ()', (guest) => (self, out) => {
    const { entries } = guest.handles.get(fields, self);
    const list = guest.allocate(entries.length * 16, 4);
    for (const [index, [name, value]] of entries.entries()) {
      guest.storeString(list + index * 16, name);
      guest.storeBytes(list + index * 16 + 8, Buffer.from(value, 'latin1'));
    }
    storeList(guest, out, list, entries.length);
  }),

  '[method]fields.clone': immediate(
    '(i32) -> (i32)',
    (guest) => (self) => guest.handles.insert(fields, guest.handles.get(fields, self).clone()),
  ),
};

/** What makes fields too large traps, as wasmtime has it. */
function bounded<T>(guest: GuestView, change: () => T): T {
  try {
    return change();
  } catch (error) {
    if (error instanceof FieldsTooLarge) return guest.trap(error);
    throw error;
  }
}

function boundedLength(guest: GuestView, length: number): number {
  if (length >>> 0 > maxFieldsBytes) guest.trap(new FieldsTooLarge());
  return length;
}

function readName(guest: GuestView, pointer: number, length: number): string {
  return guest.readString(pointer, length, maxFieldsBytes);
}

/** A `list<u8>` whose pointer and length are at `at`. */
function readValue(guest: GuestView, at: number): string {
  return latin1(guest.span(word(guest, at), boundedLength(guest, word(guest, at + 4))));
}

function word(guest: GuestView, at: number): number {
  return guest.view().getUint32(at, true);
}

function storeList(guest: GuestView, out: number, list: number, length: number): void {
  const at = guest.check(out, 8, 4);
  guest.view().setUint32(at, list, true);
  guest.view().setUint32(at + 4, length, true);
}

/** A `result<_, header-error>`. */
function storeOutcome(guest: GuestView, out: number, error: HeaderError | undefined): void {
  const at = guest.check(out, 2);
  guest.bytes()[at] = error === undefined ? 0 : 1;
  guest.bytes()[at + 1] = error ?? 0;
}
