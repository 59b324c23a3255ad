/** In the order of arrival. Names in lower case; both as Latin-1, a character for each byte. */
export type ResponseHeaders = readonly (readonly [name: string, value: string])[];

/** Copies headers out of the buffers that they were received in: names and values in turn. */
export function readHeaders(raw: readonly (Buffer | string)[]): ResponseHeaders {
  const texts = raw.map((part) => (typeof part === 'string' ? part : part.toString('latin1')));
  return Array.from({ length: texts.length / 2 }, (_, index) => [
    (texts[2 * index] ?? '').toLowerCase(),
    texts[2 * index + 1] ?? '',
  ]);
}

/** The first value of a name in lower case. */
export function headerOf(headers: ResponseHeaders, name: string): string | undefined {
  return headers.find(([known]) => known === name)?.[1];
}
