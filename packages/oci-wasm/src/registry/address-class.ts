import { BlockList, isIP } from 'node:net';
export function classifyAddress(
  address: string,
): 'public' | 'private' | 'loopback' | 'link-local' | 'metadata' {
  const linkLocal = new BlockList();
  linkLocal.addSubnet('169.254.0.0', 16);
  linkLocal.addSubnet('fe80::', 10, 'ipv6');
  const priv = new BlockList();
  priv.addSubnet('10.0.0.0', 8);
  priv.addSubnet('172.16.0.0', 12);
  priv.addSubnet('192.168.0.0', 16);
  priv.addSubnet('fc00::', 7, 'ipv6');
  const loop = new BlockList();
  loop.addSubnet('127.0.0.0', 8);
  loop.addAddress('::1', 'ipv6');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (linkLocal.check(address, family)) return 'link-local';
  if (priv.check(address, family)) return 'private';
  if (loop.check(address, family)) return 'loopback';
  return 'public';
}
