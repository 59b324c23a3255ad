import { requireRight } from './descriptor.ts';
import { errno } from './errno.ts';
import type { GuestState } from './guest-state.ts';
import { right } from './rights.ts';
import type { Snapshot } from './snapshot.ts';

/** `fd_seek`, `fd_tell`, `fd_advise`, `fd_allocate`: calls on places in a file. */
export function fdPositionCalls({ memory, descriptors }: GuestState, snapshot: Snapshot) {
  return {
    fd_seek(fd: number, offset: bigint, whence: number, result: number): number {
      const descriptor = descriptors.get(fd);
      if (descriptor.kind === 'directory') return errno.isdir;
      if (descriptor.kind !== 'file') return errno.spipe;
      const origin = snapshot.whence[whence];
      if (origin === undefined) return errno.inval;
      // Asking where one is does not need the right to go elsewhere.
      const asking = offset === 0n && origin === 'current';
      requireRight(descriptor, asking ? right.fdTell : right.fdSeek);
      memory.check(result, 8);
      memory.setU64(result, descriptor.file.seek(offset, origin));
      return errno.success;
    },

    fd_tell(fd: number, result: number): number {
      const descriptor = descriptors.get(fd);
      if (descriptor.kind === 'directory') return errno.isdir;
      if (descriptor.kind !== 'file') return errno.spipe;
      requireRight(descriptor, right.fdTell);
      memory.setU64(result, descriptor.file.tell());
      return errno.success;
    },

    /** Advice may be ignored, and Node has no way to pass it on. */
    fd_advise(fd: number, _offset: bigint, _length: bigint, advice: number): number {
      const descriptor = descriptors.get(fd);
      requireRight(descriptor, right.fdAdvise);
      if (descriptor.kind !== 'file') return errno.badf;
      return advice >>> 0 > lastAdvice ? errno.inval : errno.success;
    },

    fd_allocate(fd: number, _offset: bigint, _length: bigint): number {
      requireRight(descriptors.get(fd), right.fdAllocate);
      return errno.notsup;
    },
  };
}

/** `noreuse`. */
const lastAdvice = 5;
