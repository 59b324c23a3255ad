/**
 * For those who write a provider or embed the kubelet: virtual time, a provider whose behaviour is
 * scripted per image, and the cases that every provider has to pass.
 *
 * @packageDocumentation
 */
export { type VirtualClock, virtualClock } from './testing/virtual-clock.ts';
