/** Of all interfaces of WASI 0.2 that this host knows. */
export const version = '0.2.12';
