import { expect, test } from 'vitest';
import { ProviderError } from '@wasmlet/kubelet/provider';
import { OciError } from '@wasmlet/oci-wasm';
import { RuntimeError } from '@wasmlet/wasm-runtime';
import { providerFailure } from '../../src/error-mapping.ts';

test.each([
  [new OciError('INVALID_REFERENCE', 'm'), 'INVALID_IMAGE_NAME'],
  [new OciError('UNAUTHORIZED', 'm'), 'IMAGE_PULL'],
  [new OciError('SIGNATURE_MISSING', 'm'), 'SIGNATURE_VALIDATION'],
  [new OciError('SIGNATURE_INVALID', 'm'), 'SIGNATURE_VALIDATION'],
  [new OciError('SIGNATURE_DENIED', 'm'), 'SIGNATURE_VALIDATION'],
  [new OciError('DIGEST_MISMATCH', 'm'), 'IMAGE_PULL'],
  [new OciError('STORE_FAILED', 'm'), 'IMAGE_PULL'],
  [new OciError('TIMEOUT', 'm'), 'REGISTRY_UNAVAILABLE'],
  [new OciError('UNAVAILABLE', 'm'), 'REGISTRY_UNAVAILABLE'],
  [new RuntimeError('UNKNOWN_IMPORT', 'm'), 'CONTAINER_CREATE'],
  [new RuntimeError('HOST_FAILED', 'm'), 'CONTAINER_START'],
  [new RuntimeError('INVALID_SPEC', 'm'), 'CONTAINER_CONFIG'],
  [new ProviderError('CONTAINER_CONFIG', 'm'), 'CONTAINER_CONFIG'],
  [new Error('m'), 'INTERNAL'],
])('%o is told as %s', (error, code) => {
  expect(providerFailure(error)).toMatchObject({ name: 'ProviderError', code, message: 'm' });
});
