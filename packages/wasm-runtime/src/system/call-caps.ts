/** What single host calls of a guest may take; see `GuestLimits`. */
export interface CallCaps {
  readonly maxDirectoryEntries: number;
  readonly maxRandomBytes: number;
  readonly maxCallBytes: number;
}

export const defaultCaps: CallCaps = {
  maxDirectoryEntries: 65_536,
  maxRandomBytes: 64 * 1024 * 1024,
  maxCallBytes: 16 * 1024 * 1024,
};
