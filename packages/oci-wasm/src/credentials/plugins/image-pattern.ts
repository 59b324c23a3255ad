/** Which images a credential-provider plug-in, or one of its credentials, is for. */
export interface ImagePattern {
  readonly text: string;
  /** `image` is `registry/repository`, without tag or digest. */
  matches(image: string): boolean;
}

/**
 * Reads a pattern by the kubelet's rules: `*` stands for any part of one label of the host, labels are counted, the
 * port must be the same, and the path is a beginning of the image's. Undefined for what is no pattern.
 */
export function parseImagePattern(text: string): ImagePattern | undefined {
  const pattern = split(text);
  if (pattern === undefined) return undefined;
  return {
    text,
    matches(image) {
      const target = split(image);
      return (
        target !== undefined &&
        target.port === pattern.port &&
        target.labels.length === pattern.labels.length &&
        target.path.startsWith(pattern.path) &&
        pattern.labels.every((label, index) => fitsLabel(label, target.labels[index] ?? ''))
      );
    },
  };
}

interface Parts {
  readonly labels: readonly string[];
  readonly port: string;
  /** With its slash; empty when there is none. */
  readonly path: string;
}

const maxLength = 1024;

function split(text: string): Parts | undefined {
  if (text.length > maxLength || text.includes('://') || /[\s?#]/.test(text)) return undefined;
  const [, host = '', port = '', path = ''] = /^([^/:]+|\[[^\]/]*\])(?::(\d+))?(\/.*)?$/s.exec(text) ?? [];
  return host === '' ? undefined : { labels: host.toLowerCase().split('.'), port, path };
}

/** Linear in the length of both, whatever the number of stars. */
function fitsLabel(pattern: string, label: string): boolean {
  const [head = '', ...rest] = pattern.split('*');
  const tail = rest.pop();
  if (tail === undefined) return head === label;
  if (label.length < head.length + tail.length || !label.startsWith(head) || !label.endsWith(tail))
    return false;
  const end = label.length - tail.length;
  let at = head.length;
  for (const part of rest) {
    const found = label.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
