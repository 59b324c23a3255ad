/**
 * For those who write a provider or embed the kubelet: virtual time, a provider whose behaviour is
 * scripted per image, and the cases that every provider has to pass.
 *
 * @packageDocumentation
 */
export {
  createScriptedProvider,
  type ScriptedImage,
  type ScriptedProvider,
  type ScriptedProviderOptions,
  type ScriptedPull,
  type ScriptedRun,
} from './testing/scripted-provider.ts';
export type { ScriptedContainer, ScriptedSandbox } from './testing/scripted-sandbox.ts';
export { type VirtualClock, virtualClock } from './testing/virtual-clock.ts';
export {
  type ComplianceCase,
  type ComplianceGuest,
  type ComplianceSetup,
  providerCompliance,
} from './testing/provider-compliance.ts';
