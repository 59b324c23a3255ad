import { type AddressClass, classOf, isNeverContacted } from './address-class.ts';
import { effectiveAddresses } from './effective-addresses.ts';
import type { Grants } from './grants.ts';
import { type IpAddress, parseAddress } from './ip-address.ts';
import { allowed, denied, type EgressVerdict } from './verdict.ts';

export interface AddressQuestion {
  /** In canonical form. */
  readonly host: string;
  readonly address: string;
  readonly grants: Grants;
  readonly ownAddresses: () => readonly string[];
}

/** Whether one address, found under one host, may be connected to. */
export function judgeAddress({ host, address, grants, ownAddresses }: AddressQuestion): EgressVerdict {
  const parsed = parseAddress(address);
  if (parsed === undefined) {
    return denied(
      'address-not-allowed',
      `${host} has ${JSON.stringify(address.slice(0, 100))}, no IP address`,
    );
  }
  const kind = classOf(parsed);
  const found = host === address ? host : `${host} (${address})`;
  if (isNeverContacted(kind)) {
    return denied('address-not-allowed', `${found} is ${described[kind]}, which is never contacted`);
  }
  const isOwn = kind === 'public' && isAmong(ownAddresses(), parsed);
  if ((kind === 'public' && !isOwn) || grants.cover(host, parsed)) return allowed;
  const what = isOwn ? 'an address of this machine' : described[kind];
  return denied(
    'address-not-allowed',
    `${found} is ${what}, which has not been granted; grant ${remedy(host, address)}`,
  );
}

const described: Readonly<Record<AddressClass, string>> = {
  public: 'a public address',
  private: 'a private address',
  loopback: 'a loopback address',
  'link-local': 'a link-local address',
  metadata: 'a metadata address',
  multicast: 'a multicast address',
  unspecified: 'the unspecified address',
  reserved: 'a reserved address',
};

function remedy(host: string, address: string): string {
  return host === address ? host : `${host} or ${address}`;
}

function isAmong(texts: readonly string[], address: IpAddress): boolean {
  const spelled = effectiveAddresses(address);
  return texts.some((text) => {
    const own = parseAddress(text);
    return spelled.some(({ family, bits }) => own?.family === family && own.bits === bits);
  });
}
