/** What a guest chooses is bounded by these; the original had no bounds but its memory. */
export const limits = {
  /** Longer URLs are `invalid_url`. */
  urlBytes: 64 * 1024,
  /** Longer methods are `invalid_method`. */
  methodBytes: 64,
  /** A larger block of headers is `invalid_encoding`, a longer name in `header_get` is `header_not_found`. */
  headerBytes: 64 * 1024,
  /** A larger request body is a `request_error`. It is copied out of the guest's memory before it is sent. */
  requestBodyBytes: 64 * 1024 * 1024,
  /** Responses whose body the guest has not read to its end; each may hold a connection. Then `too_many_sessions`. */
  unreadResponses: 256,
  /**
   * Headers of all responses that are not closed, with what it takes to hold them; guests in AssemblyScript never close.
   * Then `too_many_sessions`.
   */
  openResponseBytes: 16 * 1024 * 1024,
  responseOverheadBytes: 1024,
  headerOverheadBytes: 128,
} as const;
