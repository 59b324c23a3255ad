/** Bytes of one channel that may be under way before the receiver has said that it took them. */
export const windowBytes = 256 * 1024;

/** The receiver tells at most so often, in bytes: less than a window, so that the sender never waits for what is not told. */
export const creditStep = windowBytes / 4;
