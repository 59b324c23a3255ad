import { type Bundle, bundleFromJSON } from '@sigstore/bundle';
import { pem } from '@sigstore/core';
import { createHash } from 'node:crypto';
import { isRecord } from '../content/read-descriptor.ts';
import { parseStrictJson } from '../content/strict-json.ts';

/** What a bundle may have of each kind; those of cosign have one. */
const maxEntries = 8;
const maxCertificateBytes = 32 * 1024;

/** Reads a sigstore bundle from foreign bytes, whose number has a bound. Throws when it is none, or has too much in it. */
export function readBundle(bytes: Uint8Array): Bundle {
  return bounded(bundleFromJSON(parseStrictJson(bytes)));
}

/**
 * A signature of simple signing as a bundle: what was signed is the payload, and the rest is in annotations of its layer
 * (cosign, SIGNATURE_SPEC.md). Throws when it is none.
 */
export function bundleOf(annotations: Readonly<Record<string, string>>, payload: Uint8Array): Bundle {
  const signature = annotations['dev.cosignproject.cosign/signature'];
  if (signature === undefined || signature === '') throw new Error('it has no signature in its annotations');
  const certificate = annotations['dev.sigstore.cosign/certificate'];
  const entry = parsed(annotations['dev.sigstore.cosign/bundle']);
  const signedTimestamp = parsed(annotations['dev.sigstore.cosign/rfc3161timestamp'])?.[
    'SignedRFC3161Timestamp'
  ];
  return bounded(
    bundleFromJSON({
      mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
      verificationMaterial: {
        ...(certificate === undefined
          ? { publicKey: { hint: '' } }
          : {
              x509CertificateChain: {
                certificates: [{ rawBytes: pem.toDER(certificate).toString('base64') }],
              },
            }),
        tlogEntries: entry === undefined ? [] : [logEntry(entry)],
        timestampVerificationData: {
          rfc3161Timestamps: typeof signedTimestamp === 'string' ? [{ signedTimestamp }] : [],
        },
      },
      messageSignature: {
        messageDigest: {
          algorithm: 'SHA2_256',
          digest: createHash('sha256').update(payload).digest('base64'),
        },
        signature,
      },
    }),
  );
}

/** What Rekor promised when it took the signature. */
function logEntry({
  SignedEntryTimestamp: promise,
  Payload: payload,
}: Readonly<Record<string, unknown>>): object {
  const { body, integratedTime, logIndex, logID } = isRecord(payload) ? payload : {};
  if (typeof body !== 'string' || typeof logID !== 'string')
    throw new Error('its log entry has another form');
  const { kind, apiVersion } = parsed(Buffer.from(body, 'base64')) ?? {};
  return {
    logIndex: String(logIndex),
    logId: { keyId: Buffer.from(logID, 'hex').toString('base64') },
    kindVersion: { kind, version: apiVersion },
    integratedTime: String(integratedTime),
    inclusionPromise: { signedEntryTimestamp: promise },
    canonicalizedBody: body,
  };
}

function parsed(text: string | Buffer | undefined): Readonly<Record<string, unknown>> | undefined {
  if (text === undefined) return undefined;
  const value = parseStrictJson(typeof text === 'string' ? Buffer.from(text) : text);
  return isRecord(value) ? value : undefined;
}

function bounded(bundle: Bundle): Bundle {
  const { content, tlogEntries, timestampVerificationData } = bundle.verificationMaterial;
  const timestamps = timestampVerificationData?.rfc3161Timestamps ?? [];
  if (tlogEntries.length > maxEntries || timestamps.length > maxEntries) {
    throw new Error(`it has more than ${maxEntries} log entries or timestamps`);
  }
  if (certificateBytes(content) > maxCertificateBytes) {
    throw new Error(`its certificate is larger than ${maxCertificateBytes} bytes`);
  }
  return bundle;
}

function certificateBytes(content: Bundle['verificationMaterial']['content']): number {
  switch (content.$case) {
    case 'certificate':
      return content.certificate.rawBytes.length;
    case 'x509CertificateChain':
      return content.x509CertificateChain.certificates[0]?.rawBytes.length ?? 0;
    case 'publicKey':
      return 0;
  }
}
