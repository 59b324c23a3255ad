/**
 * WebAssembly in OCI registries: push, pull and keep it. Start with {@link pullArtifact} and {@link pushArtifact}.
 *
 * @packageDocumentation
 */
export { pullArtifact } from './transfer/pull-artifact.ts';
export type { PulledArtifact, PullFacts, PullOptions } from './transfer/pull-artifact.ts';
export { copy } from './transfer/copy.ts';
export type { CopyOptions, CopyResult } from './transfer/copy.ts';
export type { CopyHooks, CopyOutcome, CopyTally, Progress } from './transfer/copy-content.ts';
export type { GraphLimits } from './transfer/read-graph.ts';
export { tagArtifact } from './transfer/tag-artifact.ts';
export type { TagOptions } from './transfer/tag-artifact.ts';
export { copyArtifact } from './transfer/copy-artifact.ts';
export type { CopiedArtifact, CopyArtifactOptions } from './transfer/copy-artifact.ts';
export { pushArtifact } from './transfer/push-artifact.ts';
export type { PushedArtifact, PushOptions } from './transfer/push-artifact.ts';
export { createRegistryClient } from './registry/registry-client.ts';
export type { RegistryClient, RegistryClientOptions } from './registry/registry-client.ts';
export type { Access } from './registry/access/identities.ts';
export type { Repository, RepositoryOptions } from './registry/repository.ts';
export { registryHosts } from './hosts/registry-hosts.ts';
export type { RegistryHostsOptions } from './hosts/registry-hosts.ts';
export type { HostCapability, RegistryHost, RegistryHosts } from './hosts/registry-host.ts';
export type { HostSettings } from './hosts/connections.ts';
export type { ClientCertificate, RegistryTls } from './hosts/tls-settings.ts';
export type { ProxyOptions } from './hosts/proxy.ts';
export type { RegistryNotice } from './registry/http/notices.ts';
export type { UploadPolicy } from './registry/upload/upload-policy.ts';
export type { RegistryTimeouts } from './registry/http/timeouts.ts';
export type { RetryPolicy } from './registry/http/retry-policy.ts';
export { openLayoutStore } from './store/layout-store.ts';
export type { LayoutStore, PinOptions } from './store/layout-store.ts';
export type { Lease } from './store/lease.ts';
export type { Pin } from './store/pin-files.ts';
export type { CollectedGarbage, CollectOptions, RemovedContent } from './store/collect-garbage.ts';
export type { StoreFinding, VerifyOptions } from './store/verify-store.ts';
export { createMemoryStore } from './store/memory-store.ts';
export type { MemoryStore, MemoryStoreOptions } from './store/memory-store.ts';
export { readArtifact, readModuleBytes } from './artifact/read-artifact.ts';
export type { ReadModuleOptions } from './artifact/read-artifact.ts';
export { kindOfBinary } from './artifact/binary-kind.ts';
export type { BinaryKind } from './artifact/binary-kind.ts';
export { judgeWasm } from './artifact/verdict.ts';
export type {
  ComponentVerdict,
  ModuleVerdict,
  WasiVersion,
  WasmVerdict,
  WitPackageVerdict,
  World,
} from './artifact/verdict.ts';
export { commandOf, entryPointOf } from './artifact/image-config.ts';
export type { EntryPoint, ImageProgram } from './artifact/image-config.ts';
export type { SpinApplication } from './artifact/spin-lock.ts';
export type {
  ArtifactFacts,
  ArtifactFormat,
  CompatArtifact,
  ImageLayerArtifact,
  LayerArtifact,
  SpinArtifact,
  WasmArtifact,
  WasmFormat,
} from './artifact/wasm-artifact.ts';
export { parseSignaturePolicy, readSignaturePolicy } from './signatures/read-signature-policy.ts';
export type { ParsePolicyOptions } from './signatures/read-signature-policy.ts';
export { verifySignatures } from './signatures/verify-signatures.ts';
export type { VerifySignaturesOptions } from './signatures/verify-signatures.ts';
export type { VerifiedSignature } from './signatures/verified-signature.ts';
export { keepSignatures } from './signatures/keep-signatures.ts';
export type { KeepSignaturesOptions } from './signatures/keep-signatures.ts';
export type { SignatureSource } from './signatures/find-signatures.ts';
export type { StoredSignature } from './signatures/found-signature.ts';
export type { ImageGlob } from './signatures/image-glob.ts';
export type { TrustRoot } from './signatures/trust-root.ts';
export type {
  ImagePolicy,
  KeyAuthority,
  KeylessAuthority,
  SignatureAuthority,
  SignaturePolicy,
  SignerIdentity,
  StaticAuthority,
} from './signatures/signature-policy.ts';
export { formatReference, parseReference } from './reference.ts';
export type { Reference } from './reference.ts';
export { dockerConfigCredentials } from './credentials/docker-config-credentials.ts';
export type { DockerConfigOptions } from './credentials/docker-config-credentials.ts';
export { parseDockerConfigJson } from './credentials/docker-config.ts';
export { credentialFiles, credentialStores } from './credentials/credential-stores.ts';
export type { CredentialStoresOptions } from './credentials/credential-stores.ts';
export { chainCredentials } from './credentials/chain-credentials.ts';
export { credentialProviderPlugins } from './credentials/plugins/credential-provider-plugins.ts';
export type { CredentialProviderOptions } from './credentials/plugins/credential-provider-plugins.ts';
export { staticCredentials } from './credentials/static-credentials.ts';
export type { ScopedCredential } from './credentials/static-credentials.ts';
export type { Credential, CredentialScope, CredentialSource } from './credentials/credential.ts';
export { login, logout } from './credentials/login.ts';
export type { LoginOptions, LoginResult, LogoutOptions } from './credentials/login.ts';
export { OciError } from './errors.ts';
export type { OciErrorCode, OciErrorDetails } from './errors.ts';
export type { Descriptor, Platform } from './content/descriptor.ts';
export type {
  AbortOptions,
  Beginning,
  ContentReader,
  ContentWriter,
  Deleter,
  Leaser,
  Lister,
  Located,
  Manifest,
  Mounter,
  OptionalPowers,
  ReferrersLister,
  ReferrersOptions,
  RepositoryName,
  Resumer,
  Source,
  Tagger,
  TagResolver,
  Target,
  WriteOptions,
} from './content/target.ts';
