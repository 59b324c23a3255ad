export { denyAll } from './policy.ts';
export type { EgressPolicy } from './policy.ts';
