/**
 * For those who write a provider or embed the kubelet: virtual time, a provider whose behaviour is
 * scripted per image, and the cases that every provider has to pass.
 *
 * @packageDocumentation
 */
export {
  createScriptedProvider,
  type ScriptedProvider,
  type ScriptedProviderOptions,
} from './testing/scripted-provider.ts';
export type { ScriptedImage, ScriptedPull, ScriptedRun } from './testing/scripted-image.ts';
export type { ScriptedContainer, ScriptedSandbox } from './testing/scripted-sandbox.ts';
export { type VirtualClock, virtualClock } from './testing/virtual-clock.ts';
export { type ComplianceCase, providerCompliance } from './testing/provider-compliance.ts';
export type { ComplianceGuest, ComplianceSetup } from './testing/compliance-setup.ts';
