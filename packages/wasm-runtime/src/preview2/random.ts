import type { CoreHostFunction, HostInterface } from '../component/host-interface.ts';
import type { GuestState } from './guest-state.ts';
import { version } from './version.ts';

/** `wasi:random`. What may be insecure is as good as the rest; the seed stays the same for a guest. */
export function randomInterfaces(state: Pick<GuestState, 'fillRandom' | 'caps'>): readonly HostInterface[] {
  const bytes = randomBytes(state);
  const number = randomNumber(state);
  const seed = new BigUint64Array(2);
  state.fillRandom(new Uint8Array(seed.buffer));
  return [
    {
      name: 'wasi:random/random',
      version,
      functions: { 'get-random-bytes': bytes, 'get-random-u64': number },
    },
    {
      name: 'wasi:random/insecure',
      version,
      functions: { 'get-insecure-random-bytes': bytes, 'get-insecure-random-u64': number },
    },
    {
      name: 'wasi:random/insecure-seed',
      version,
      functions: {
        'insecure-seed': {
          type: '(i32) -> ()',
          waits: false,
          bind: (guest) => (result: number) => {
            const at = guest.check(result, 16, 8);
            guest.view().setBigUint64(at, seed[0] ?? 0n, true);
            guest.view().setBigUint64(at + 8, seed[1] ?? 0n, true);
          },
        },
      },
    },
  ];
}

function randomBytes({ fillRandom, caps }: Pick<GuestState, 'fillRandom' | 'caps'>): CoreHostFunction {
  return {
    type: '(i64 i32) -> ()',
    waits: false,
    bind: (guest) => (length: bigint, result: number) => {
      const wanted = BigInt.asUintN(64, length);
      if (wanted > caps.maxRandomBytes) {
        guest.trap(`${wanted} random bytes; at most ${caps.maxRandomBytes} are given at once`);
      }
      const count = Number(wanted);
      const list = guest.allocate(count, 1);
      fillRandom(guest.span(list, count));
      const at = guest.check(result, 8, 4);
      guest.view().setUint32(at, list, true);
      guest.view().setUint32(at + 4, count, true);
    },
  };
}

function randomNumber({ fillRandom }: Pick<GuestState, 'fillRandom'>): CoreHostFunction {
  const number = new BigUint64Array(1);
  const bytes = new Uint8Array(number.buffer);
  return {
    type: '() -> (i64)',
    waits: false,
    bind: () => () => {
      fillRandom(bytes);
      return number[0] ?? 0n;
    },
  };
}
