import { isIPv4 } from 'node:net';

/** `localhost`, `*.localhost` (RFC 6761), 127.0.0.0/8 and ::1, without a port; IPv6 with or without brackets. */
export function isLoopbackName(hostname: string): boolean {
  const name = hostname.toLowerCase();
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '::1' ||
    name === '[::1]' ||
    (isIPv4(name) && name.startsWith('127.'))
  );
}
