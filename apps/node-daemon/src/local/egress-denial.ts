/** What a guest's HTTP module reported when it denied a connection, as a sentence; `undefined` for other reports. */
export function describeDenial(report: unknown): string | undefined {
  const { kind, message } = (report ?? {}) as Readonly<Record<string, unknown>>;
  return kind === 'egress-denied' ? `a connection was denied: ${shorten(message)}` : undefined;
}

/** The guest has chosen the host that is named in it. */
function shorten(value: unknown): string {
  const text = String(value).replaceAll(/\p{Cc}/gu, '?');
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
