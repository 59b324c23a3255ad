/** Why a change of fields is refused, as `header-error` numbers it. */
export const headerError = { invalidSyntax: 0, forbidden: 1, immutable: 2 } as const;
export type HeaderError = (typeof headerError)[keyof typeof headerError];

/** One field: its name in lower case and its value, a character for each byte (Latin-1). */
export type Field = readonly [name: string, value: string];

/**
 * Headers or trailers, in order. Guests cannot set what belongs to the connection, nor names and values that HTTP does
 * not allow, so that nothing they write can be taken for another header or request.
 */
export class Fields {
  #entries: Field[];
  #bytes: number;
  readonly immutable: boolean;

  private constructor(entries: Field[], bytes: number, immutable: boolean) {
    this.#entries = entries;
    this.#bytes = bytes;
    this.immutable = immutable;
  }

  static empty(): Fields {
    return new Fields([], 0, false);
  }

  /** What a peer has sent: names and values in turn. What belongs to the connection is left out. */
  static received(raw: readonly string[]): Fields {
    const entries: Field[] = [];
    for (let index = 0; index + 1 < raw.length; index += 2) {
      const name = (raw[index] as string).toLowerCase();
      if (!forbiddenNames.has(name)) entries.push([name, raw[index + 1] as string]);
    }
    return new Fields(entries, 0, true);
  }

  get entries(): readonly Field[] {
    return this.#entries;
  }

  get(name: string): readonly string[] {
    const wanted = name.toLowerCase();
    return this.#entries.filter(([known]) => known === wanted).map(([, value]) => value);
  }

  has(name: string): boolean {
    const wanted = name.toLowerCase();
    return this.#entries.some(([known]) => known === wanted);
  }

  set(name: string, values: readonly string[]): HeaderError | undefined {
    const refused = this.#refusal(name) ?? (values.every(isValue) ? undefined : headerError.invalidSyntax);
    if (refused !== undefined) return refused;
    this.#remove(name.toLowerCase());
    for (const value of values) this.#add(name.toLowerCase(), value);
    return undefined;
  }

  append(name: string, value: string): HeaderError | undefined {
    const refused = this.#refusal(name) ?? (isValue(value) ? undefined : headerError.invalidSyntax);
    if (refused === undefined) this.#add(name.toLowerCase(), value);
    return refused;
  }

  delete(name: string): HeaderError | undefined {
    const refused = this.#refusal(name);
    if (refused === undefined) this.#remove(name.toLowerCase());
    return refused;
  }

  clone(): Fields {
    return new Fields([...this.#entries], this.#bytes, false);
  }

  /** The same fields, for a guest that may only read them. */
  frozen(): Fields {
    return new Fields(this.#entries, this.#bytes, true);
  }

  /** What `content-length` says; NaN unless it is one number. */
  get contentLength(): number | undefined {
    let found: string | undefined;
    for (const [name, value] of this.#entries) {
      if (name !== 'content-length') continue;
      if (found !== undefined) return Number.NaN;
      found = value;
    }
    if (found === undefined) return undefined;
    return /^\d{1,15}$/.test(found) ? Number(found) : Number.NaN;
  }

  #refusal(name: string): HeaderError | undefined {
    if (this.immutable) return headerError.immutable;
    if (!isToken(name)) return headerError.invalidSyntax;
    return forbiddenNames.has(name.toLowerCase()) ? headerError.forbidden : undefined;
  }

  #add(name: string, value: string): void {
    const bytes = this.#bytes + name.length + value.length + entryOverheadBytes;
    if (bytes > maxFieldsBytes) throw new FieldsTooLarge();
    this.#bytes = bytes;
    this.#entries.push([name, value]);
  }

  #remove(name: string): void {
    const [gone, kept] = [[] as Field[], [] as Field[]];
    for (const entry of this.#entries) (entry[0] === name ? gone : kept).push(entry);
    if (gone.length === 0) return;
    for (const [, value] of gone) this.#bytes -= name.length + value.length + entryOverheadBytes;
    this.#entries = kept;
  }
}

/** A guest makes more fields than anybody would take; it traps. */
export class FieldsTooLarge extends Error {
  override readonly name = 'FieldsTooLarge';
  constructor() {
    super(`fields of more than ${maxFieldsBytes} bytes`);
  }
}

/** As much as wasmtime lets guests make. */
export const maxFieldsBytes = 128 * 1024;
const entryOverheadBytes = 32;

/** What belongs to the connection, or says where a request goes; wasmtime's list. */
const forbiddenNames: ReadonlySet<string> = new Set([
  'connection',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** Whether a text is a `token` of HTTP: a method's or a header's name. */
export function isToken(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
}

function isValue(value: string): boolean {
  // oxlint-disable-next-line no-control-regex -- what HTTP does not allow
  return !/[^\t\x20-\x7e\x80-\xff]/.test(value);
}
