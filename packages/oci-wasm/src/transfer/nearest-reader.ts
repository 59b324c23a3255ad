import type { ContentReader, ContentWriter } from '../content/target.ts';

/** What the destination has is not fetched again to be looked at. */
export function nearestReader(
  from: ContentReader,
  to: ContentReader & Pick<ContentWriter, 'has'>,
): ContentReader {
  return {
    async *read(descriptor, options) {
      yield* ((await to.has(descriptor, options)) ? to : from).read(descriptor, options);
    },
  };
}
