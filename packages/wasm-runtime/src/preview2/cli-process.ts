import type { HostInterface } from '../component/host-interface.ts';
import type { GuestView } from '../component/host-interface.ts';
import { version } from './version.ts';

export interface ProcessOptions {
  readonly args: readonly string[];
  readonly env: readonly (readonly [name: string, value: string])[];
}

/** A string, or a list, in a list. */
const pairBytes = 8;

/** `wasi:cli/environment` and `wasi:cli/exit`. */
export function processInterfaces({ args, env }: ProcessOptions): readonly HostInterface[] {
  return [
    {
      name: 'wasi:cli/environment',
      version,
      functions: {
        'get-environment': {
          type: '(i32) -> ()',
          waits: false,
          bind: (guest) => (result: number) => putStrings(guest, result, env, 2),
        },
        'get-arguments': {
          type: '(i32) -> ()',
          waits: false,
          bind: (guest) => (result: number) =>
            putStrings(
              guest,
              result,
              args.map((text) => [text]),
              1,
            ),
        },
        /** None: paths are found by their preopens. */
        'initial-cwd': {
          type: '(i32) -> ()',
          waits: false,
          bind: (guest) => (result: number) => {
            const at = guest.check(result, 12, 4);
            guest.view().setUint8(at, 0);
          },
        },
      },
    },
    {
      name: 'wasi:cli/exit',
      version,
      functions: {
        exit: {
          type: '(i32) -> ()',
          waits: false,
          bind: (guest) => (status: number) => {
            if (status >>> 0 > 1) guest.trap(`${status} is no case of a result`);
            guest.exit(status);
          },
        },
        'exit-with-code': {
          type: '(i32) -> ()',
          waits: false,
          bind: (guest) => (code: number) => guest.exit(code & 0xff),
        },
      },
    },
  ];
}

/** A list of tuples of so many strings. */
function putStrings(
  guest: GuestView,
  result: number,
  tuples: readonly (readonly string[])[],
  size: number,
): void {
  const stride = size * pairBytes;
  const list = guest.allocate(tuples.length * stride, 4);
  for (const [index, tuple] of tuples.entries()) {
    for (const [place, text] of tuple.entries()) {
      guest.storeString(list + index * stride + place * pairBytes, text);
    }
  }
  const at = guest.check(result, pairBytes, 4);
  guest.view().setUint32(at, list, true);
  guest.view().setUint32(at + 4, tuples.length, true);
}
