import { errno } from './errno.ts';
import type { GuestState } from './guest-state.ts';

/** The `sock_*` calls. No descriptor is a socket yet, so they only tell wrong numbers from others. */
export function sockCalls({ descriptors }: GuestState) {
  const refused = (fd: number): number => {
    descriptors.get(fd);
    return errno.notsock;
  };

  return {
    sock_accept: (fd: number, _flags: number, _result: number) => refused(fd),
    sock_recv: (
      fd: number,
      _iovs: number,
      _count: number,
      _flags: number,
      _result: number,
      _resultFlags: number,
    ) => refused(fd),
    sock_send: (fd: number, _iovs: number, _count: number, _flags: number, _result: number) => refused(fd),
    sock_shutdown: (fd: number, _how: number) => refused(fd),
  };
}
