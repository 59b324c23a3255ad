/** Part of the limit that is left when an allocation was refused: allocators ask for more than a page at once. */
const growthStep = 1 / 16;
const pageBytes = 64 * 1024;

/** Whether memories are so near their common limit that one more growth step would not fit. */
export function isAtLimit(memories: readonly WebAssembly.Memory[], limit: number | null): boolean {
  if (limit === null || memories.length === 0) return false;
  const size = memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  return limit - size < Math.max(pageBytes, limit * growthStep);
}
