import { EgressError } from '@wasmlet/egress';
import type { GuestView, HostInterface, ResourceType } from '../component/host-interface.ts';
import type { Destinations } from './destinations.ts';
import { putHandle } from './error-code.ts';
import type { GuestState } from './guest-state.ts';
import { pollable } from './io-resources.ts';
import { putIpAddress } from './ip-address.ts';
import { networkType } from './network.ts';
import { answeringNetwork, type NetworkErrorCode, NetworkRefusal, refuseNetwork } from './network-error.ts';
import { version } from './version.ts';
import { afterTurn } from './waits.ts';

/** Behind a `resolve-address-stream`. */
interface Lookup {
  answer: readonly string[] | NetworkRefusal | undefined;
  next: number;
  readonly done: Promise<void>;
  readonly cancel: AbortController;
}

const lookupType: ResourceType<Lookup> = {
  name: 'resolve-address-stream',
  drop: (lookup) => lookup.cancel.abort(),
};

/** Lookups of a guest at once. */
const maxLookups = 64;

/** `wasi:sockets/ip-name-lookup`: of names that the policy allows, and addresses that it allows. */
export function nameLookupInterface({ closing }: GuestState, destinations: Destinations): HostInterface {
  let running = 0;

  function look(name: string): Lookup {
    const verdict = destinations.allowsLookup(name);
    if (!verdict.allowed) {
      refuseNetwork(verdict.reason === 'invalid-host' ? 'invalid-argument' : 'permanent-resolver-failure');
    }
    if (running >= maxLookups) refuseNetwork('temporary-resolver-failure');
    running += 1;
    const cancel = new AbortController();
    const signal = AbortSignal.any([closing, cancel.signal]);
    const done = destinations.lookup(name, signal).then(
      (found) => {
        running -= 1;
        lookup.answer = found;
      },
      (error: unknown) => {
        running -= 1;
        lookup.answer = new NetworkRefusal(failureOf(error));
      },
    );
    const lookup: Lookup = { answer: undefined, next: 0, done, cancel };
    return lookup;
  }

  return {
    name: 'wasi:sockets/ip-name-lookup',
    version,
    resources: { 'resolve-address-stream': lookupType },
    functions: {
      'resolve-addresses': {
        type: '(i32 i32 i32 i32) -> ()',
        waits: false,
        bind: (guest) => (network: number, name: number, length: number, result: number) =>
          answeringNetwork(guest, result, 4, () => {
            guest.handles.get(networkType, network);
            putHandle(guest, result, guest.handles.insert(lookupType, look(guest.readString(name, length))));
          }),
      },
      '[method]resolve-address-stream.resolve-next-address': {
        type: '(i32 i32) -> ()',
        waits: true,
        bind: (guest) => (self: number, result: number) => {
          const lookup = guest.handles.get(lookupType, self);
          if (lookup.answer !== undefined) return putNext(guest, lookup, result);
          return afterTurn(guest, closing, () => putNext(guest, lookup, result));
        },
      },
      '[method]resolve-address-stream.subscribe': {
        type: '(i32) -> (i32)',
        waits: false,
        bind: (guest) => (self: number) => {
          const lookup = guest.handles.get(lookupType, self);
          const isReady = () => lookup.answer !== undefined;
          return guest.handles.insert(pollable, { isReady, ready: () => lookup.done });
        },
      },
    },
  };
}

function putNext(guest: GuestView, lookup: Lookup, result: number): void {
  answeringNetwork(guest, result, 2, () => {
    const { answer } = lookup;
    if (answer === undefined) refuseNetwork('would-block');
    if (answer instanceof NetworkRefusal) throw answer;
    const address = answer[lookup.next];
    lookup.next += 1;
    const at = guest.check(result, 22, 2);
    const view = guest.view();
    view.setUint8(at, 0);
    view.setUint8(at + 2, address === undefined ? 0 : 1);
    if (address !== undefined) putIpAddress(view, at + 4, address);
  });
}

function failureOf(error: unknown): NetworkErrorCode {
  if (!(error instanceof EgressError)) return 'temporary-resolver-failure';
  return error.code === 'UNRESOLVED' ? 'name-unresolvable' : 'permanent-resolver-failure';
}
