import type { NodeFacts } from '../node/node-facts.ts';
import type { Pod } from '../pods/pod.ts';
import { ConfigError } from './config-error.ts';

/** Value of an environment variable's `fieldRef`. Throws {@link ConfigError}. */
export function envFieldValue(
  fieldPath: string,
  sources: { readonly pod: Pod; readonly node: NodeFacts; readonly podIPs: readonly string[] },
): string {
  const { pod, node } = sources;
  const podIPs = sources.podIPs.length > 0 ? sources.podIPs : node.hostIPs;
  switch (fieldPath) {
    case 'spec.nodeName':
      return pod.spec.nodeName ?? node.nodeName;
    case 'spec.serviceAccountName':
      return pod.spec.serviceAccountName ?? '';
    case 'status.hostIP':
      return node.hostIPs[0] ?? '';
    case 'status.hostIPs':
      return node.hostIPs.join(',');
    case 'status.podIP':
      return podIPs[0] ?? '';
    case 'status.podIPs':
      return podIPs.join(',');
    case 'metadata.labels':
    case 'metadata.annotations':
      throw unsupported(fieldPath);
    default:
      return metadataFieldValue(fieldPath, pod);
  }
}

/** Value of a downward API volume's `fieldRef`: metadata only. Throws {@link ConfigError}. */
export function volumeFieldValue(fieldPath: string, pod: Pod): string {
  const { labels, annotations } = pod.metadata;
  if (fieldPath === 'metadata.labels') return formatMap(labels ?? {});
  if (fieldPath === 'metadata.annotations') return formatMap(annotations ?? {});
  return metadataFieldValue(fieldPath, pod);
}

function metadataFieldValue(fieldPath: string, pod: Pod): string {
  const { name, namespace, uid, labels, annotations } = pod.metadata;
  if (fieldPath === 'metadata.name') return name;
  if (fieldPath === 'metadata.namespace') return namespace;
  if (fieldPath === 'metadata.uid') return uid;
  const [, map, key] = /^metadata\.(labels|annotations)\['(.+)'\]$/s.exec(fieldPath) ?? [];
  if (map === undefined || key === undefined) throw unsupported(fieldPath);
  const values = map === 'labels' ? labels : annotations;
  return values !== undefined && Object.hasOwn(values, key) ? (values[key] ?? '') : '';
}

function unsupported(fieldPath: string): ConfigError {
  return new ConfigError(`field label not supported: ${fieldPath}`);
}

/** Lines `key="value"`, sorted by key, as upstream's `fieldpath.FormatMap` writes them. */
function formatMap(map: Readonly<Record<string, string>>): string {
  return Object.keys(map)
    .toSorted()
    .map((key) => `${key}=${goQuote(map[key] ?? '')}`)
    .join('\n');
}

/** A string literal as Go's `%q` prints it. */
export function goQuote(text: string): string {
  return `"${text.replaceAll(needsEscape, (character) => goEscapes[character] ?? hexEscape(character))}"`;
}

/** Backslash, quote, and what Go's `strconv.IsPrint` does not call printable. */
const needsEscape = /["\\]|(?! )[\p{C}\p{Z}]/gu;

const goEscapes: Readonly<Record<string, string | undefined>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

function hexEscape(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  if (point < 0x80) return `\\x${point.toString(16).padStart(2, '0')}`;
  if (point <= 0xffff) return `\\u${point.toString(16).padStart(4, '0')}`;
  return `\\U${point.toString(16).padStart(8, '0')}`;
}
