import { ProviderError, type ProviderErrorCode } from '@wasmlet/kubelet/provider';
import { OciError, type OciErrorCode } from '@wasmlet/oci-wasm';
import { RuntimeError, type RuntimeErrorCode } from '@wasmlet/wasm-runtime';

/** Any failure, in the kubelet's terms. */
export function providerFailure(error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ProviderError(codeOf(error), message, { cause: error });
}

function codeOf(error: unknown): ProviderErrorCode {
  if (error instanceof OciError) return pullCodes[error.code] ?? 'IMAGE_PULL';
  if (error instanceof RuntimeError) return runtimeCodes[error.code];
  return 'INTERNAL';
}

const pullCodes: Readonly<Partial<Record<OciErrorCode, ProviderErrorCode>>> = {
  INVALID_REFERENCE: 'INVALID_IMAGE_NAME',
  TIMEOUT: 'REGISTRY_UNAVAILABLE',
  UNAVAILABLE: 'REGISTRY_UNAVAILABLE',
  SIGNATURE_MISSING: 'SIGNATURE_VALIDATION',
  SIGNATURE_INVALID: 'SIGNATURE_VALIDATION',
  SIGNATURE_DENIED: 'SIGNATURE_VALIDATION',
  CLOSED: 'INTERNAL',
};

const runtimeCodes: Readonly<Record<RuntimeErrorCode, ProviderErrorCode>> = {
  NOT_WASM: 'CONTAINER_CREATE',
  INVALID_MODULE: 'CONTAINER_CREATE',
  UNKNOWN_IMPORT: 'CONTAINER_CREATE',
  CANNOT_LINK: 'CONTAINER_CREATE',
  UNSUPPORTED_WASI: 'CONTAINER_CREATE',
  NO_ENTRY: 'CONTAINER_CREATE',
  INVALID_MOUNT: 'CONTAINER_CREATE',
  CANNOT_LISTEN: 'CONTAINER_START',
  INVALID_SPEC: 'CONTAINER_CONFIG',
  HOST_MODULE: 'INTERNAL',
  HOST_FAILED: 'CONTAINER_START',
  CLOSED: 'INTERNAL',
};
