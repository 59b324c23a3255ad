/**
 * The kubelet's provider for WebAssembly: images from OCI registries, run in sandboxes, with HTTP under policy.
 *
 * @packageDocumentation
 */
export { createWasmProvider } from './wasm-provider.ts';
export type { EgressDenial, WasmProviderOptions } from './wasm-provider.ts';
export type { PodIsolation } from './pod-sandbox.ts';
export type { DiskUsage, ImageCollectionOptions } from './images/image-collector.ts';
export type { ProviderLogger } from './provider-logger.ts';
export { containerExit } from './exit-mapping.ts';
export { argv0Annotation, guestSpec } from './guest-spec.ts';
export type { GuestSpecInput } from './guest-spec.ts';
export { imageForm } from './images/image-form.ts';
export type { ImageForm } from './images/image-form.ts';
export { httpServerAnnotation } from './http-server.ts';
export { egressAnnotation } from './egress-annotation.ts';
