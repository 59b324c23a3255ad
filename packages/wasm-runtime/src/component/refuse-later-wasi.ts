import { RuntimeError } from '../errors.ts';

/**
 * Throws {@link RuntimeError} `UNSUPPORTED_WASI` for a component whose entry is of a later WASI than 0.2, and of none before.
 *
 * @param exports names of what it exports
 */
export function refuseLaterWasi(name: string, exports: readonly string[]): void {
  const entries = exports.flatMap((exported) => {
    const minor = entry.exec(exported)?.[1];
    return minor === undefined ? [] : [{ exported, minor: Number(minor) }];
  });
  const [later] = entries;
  if (later === undefined || entries.some(({ minor }) => minor <= 2)) return;
  throw new RuntimeError(
    'UNSUPPORTED_WASI',
    `${name} is a component of WASI 0.${later.minor} (it exports ${later.exported}); what runs here is WASI 0.2: build it for wasm32-wasip2, or for a world of version 0.2`,
  );
}

/** What hosts call. */
const entry = /^wasi:(?:cli\/run|http\/(?:incoming-)?handler)@0\.(\d+)\./;
