import { OciError } from '../errors.ts';

/** What a pax header may say instead of the header after it. */
export interface PaxRecords {
  readonly path?: string;
  readonly linkpath?: string;
  readonly size?: number;
  /** The content is a map of the file and not the file. */
  readonly sparse: boolean;
}

/** Reads `LENGTH KEY=VALUE\n` records; the last one of a key counts. Throws {@link OciError} `INVALID_LAYER`. */
export function readPaxRecords(bytes: Uint8Array): PaxRecords {
  const records = new Map<string, string>();
  let sparse = false;
  for (let at = 0; at < bytes.length; ) {
    const blank = bytes.indexOf(0x20, at);
    const digits = Buffer.from(bytes.subarray(at, Math.min(blank, at + 8))).toString();
    const length = /^[1-9][0-9]*$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    if (blank === -1 || blank >= end || end > bytes.length || bytes[end - 1] !== 0x0a) throw badRecords();
    const record = Buffer.from(bytes.subarray(blank + 1, end - 1)).toString();
    const equals = record.indexOf('=');
    if (equals < 1) throw badRecords();
    const key = record.slice(0, equals);
    if (key.startsWith('GNU.sparse.')) sparse = true;
    if (wanted.includes(key)) records.set(key, record.slice(equals + 1));
    at = end;
  }
  const path = records.get('path');
  const linkpath = records.get('linkpath');
  const size = records.get('size');
  if (size !== undefined && !/^[0-9]{1,15}$/.test(size)) throw badRecords();
  return {
    sparse,
    ...(path === undefined ? {} : { path }),
    ...(linkpath === undefined ? {} : { linkpath }),
    ...(size === undefined ? {} : { size: Number(size) }),
  };
}

const wanted: readonly string[] = ['path', 'linkpath', 'size'];

function badRecords(): OciError {
  return new OciError('INVALID_LAYER', 'a file system layer has a pax header that cannot be read');
}
