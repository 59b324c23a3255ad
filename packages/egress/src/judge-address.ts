import { type AddressClass, classOf, isNeverContacted } from './address-class.ts';
import { effectiveAddresses } from './effective-addresses.ts';
import type { Grants } from './grants.ts';
import { type IpAddress, parseAddress } from './ip-address.ts';
import { allowed, denied, type EgressVerdict } from './verdict.ts';

export interface AddressQuestion {
  /** In canonical form. */
  readonly host: string;
  readonly address: string;
  /** Absent: for no port in particular. */
  readonly port: number | undefined;
  readonly grants: Grants;
  /** What needs a grant of its own. */
  readonly guarded: Grants;
  readonly ownAddresses: () => readonly string[];
}

/** Whether one address, found under one host, may be connected to. */
export function judgeAddress(question: AddressQuestion): EgressVerdict {
  const { host, address, port, grants, guarded, ownAddresses } = question;
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
  const minPrefix = guarded.prefixOver(host, parsed, port);
  const isGuarded = minPrefix !== undefined;
  const isOwn = kind === 'public' && !isGuarded && isAmong(ownAddresses(), parsed);
  if (kind === 'public' && !isGuarded && !isOwn) return allowed;
  const what = isGuarded
    ? "one of the cluster's addresses"
    : isOwn
      ? 'an address of this machine'
      : described[kind];
  if (!grants.cover(host, parsed, { port, minPrefix })) {
    const grant = host === address ? host : `${host} or ${address}`;
    return denied('address-not-allowed', `${found} is ${what}, which has not been granted; grant ${grant}`);
  }
  if (port === undefined || !kubeletPorts.has(port)) return allowed;
  if (grants.cover(host, parsed, { port, minPrefix, namesPort: true })) return allowed;
  return denied(
    'address-not-allowed',
    `${found} is ${what}, whose port ${port} is a kubelet's; a grant of it has to name the port`,
  );
}

/** Where kubelets, this node's as well, take orders and tell what runs. */
const kubeletPorts: ReadonlySet<number> = new Set([10_250, 10_255]);

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

function isAmong(texts: readonly string[], address: IpAddress): boolean {
  const spelled = effectiveAddresses(address);
  return texts.some((text) => {
    const own = parseAddress(text);
    return spelled.some(({ family, bits }) => own?.family === family && own.bits === bits);
  });
}
