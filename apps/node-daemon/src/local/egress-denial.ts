/** What a guest's HTTP module reported when it denied a connection, as a sentence; `undefined` for other reports. */
export function describeDenial(report: unknown): string | undefined {
  const { kind, host, reason } = (report ?? {}) as Readonly<Record<string, unknown>>;
  if (kind !== 'egress-denied') return undefined;
  return `the guest may not contact ${shorten(host)}: ${shorten(reason)}`;
}

/** The guest has chosen the host. */
function shorten(value: unknown): string {
  const text = String(value).replaceAll(/\p{Cc}/gu, '?');
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
