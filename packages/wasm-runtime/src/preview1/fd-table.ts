import { errno } from './errno.ts';
import type { GuestState } from './guest-state.ts';

/** `prestat` of a directory: tag and length of its name. */
const prestatBytes = 8;

/** `fd_close`, `fd_renumber` and what a guest asks of its preopens. */
export function fdTableCalls({ memory, descriptors }: GuestState) {
  function preopenOf(fd: number): Uint8Array | undefined {
    const descriptor = descriptors.get(fd);
    return descriptor.kind === 'directory' ? descriptor.preopen : undefined;
  }

  return {
    fd_close(fd: number): number {
      descriptors.close(fd);
      return errno.success;
    },

    fd_renumber(from: number, to: number): number {
      descriptors.renumber(from, to);
      return errno.success;
    },

    fd_prestat_get(fd: number, result: number): number {
      const name = preopenOf(fd);
      if (name === undefined) return errno.badf;
      const at = memory.check(result, prestatBytes);
      memory.view().setUint32(at, 0, true);
      memory.view().setUint32(at + 4, name.length, true);
      return errno.success;
    },

    fd_prestat_dir_name(fd: number, pointer: number, length: number): number {
      const name = preopenOf(fd);
      if (name === undefined) return errno.badf;
      if (length >>> 0 < name.length) return errno.nametoolong;
      memory.span(pointer, name.length).set(name);
      return errno.success;
    },
  };
}
