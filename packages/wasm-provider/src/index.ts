export { containerExit } from './exit-mapping.ts';
export { argv0Annotation, guestSpec } from './guest-spec.ts';
export type { GuestSpecInput, ImageFormat } from './guest-spec.ts';
