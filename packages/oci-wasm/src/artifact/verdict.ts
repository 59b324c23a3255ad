import { describeWasm, type ModuleDescription, type WasmDescription } from '@wasmlet/wasm-binary';

/** What a binary is, and what a runtime would do with it. */
export type WasmVerdict = ModuleVerdict | ComponentVerdict | WitPackageVerdict;

/** A core module, and what it is for. */
export interface ModuleVerdict {
  readonly kind: 'module';
  readonly world: World;
  /** The function that starts it; `undefined` when there is nothing to start. */
  readonly entry: string | undefined;
  readonly description: ModuleDescription;
}

/** A component, and what it is for. */
export interface ComponentVerdict {
  readonly kind: 'component';
  readonly world: World;
  /** The export that a host calls, e.g. `wasi:cli/run@0.2.3`; `undefined` when it has none that hosts know. */
  readonly entry: string | undefined;
  readonly description: Extract<WasmDescription, { kind: 'component' }>;
}

/** Interface types, with nothing in it to run. */
export interface WitPackageVerdict {
  readonly kind: 'wit-package';
  readonly description: Extract<WasmDescription, { kind: 'wit-package' }>;
}

/** What surroundings a binary expects, and what it is to them. */
export interface World {
  /** `command` runs to its end, `http-server` answers requests, `library` waits for a host that knows its exports. */
  readonly role: 'command' | 'http-server' | 'library';
  readonly wasi: WasiVersion;
}

/** `0.1` is preview 1 (`wasi_snapshot_preview1`), `unstable` what was before it; `none` uses no WASI. */
export type WasiVersion = 'unstable' | '0.1' | '0.2' | '0.3' | 'none';

/**
 * Tells the world of a binary by what it exports and which versions it imports, never by what an artifact's config
 * says. Throws `WasmBinaryError` for what is no WebAssembly, or cannot be read.
 */
export function judgeWasm(bytes: Uint8Array): WasmVerdict {
  const description = describeWasm(bytes);
  switch (description.kind) {
    case 'module':
      return judgeModule(description);
    case 'component':
      return judgeComponent(description);
    case 'wit-package':
      return { kind: 'wit-package', description };
  }
}

function judgeModule(description: ModuleDescription): ModuleVerdict {
  const { imports, exports } = description;
  const starts = exports.some(({ name, kind }) => name === '_start' && kind === 'function');
  const from = (module: string): boolean => imports.some((each) => each.module === module);
  const old = from('wasi_unstable') ? 'unstable' : 'none';
  return {
    kind: 'module',
    world: {
      role: starts ? 'command' : 'library',
      wasi: from('wasi_snapshot_preview1') ? '0.1' : old,
    },
    entry: starts ? '_start' : undefined,
    description,
  };
}

/** In this order, those of WASI 0.2 first: a component that serves and runs is a server. */
const triggers = [
  { prefix: 'wasi:http/incoming-handler', role: 'http-server' },
  { prefix: 'wasi:http/handler', role: 'http-server' },
  { prefix: 'wasi:cli/run', role: 'command' },
] as const;

function judgeComponent(description: ComponentVerdict['description']): ComponentVerdict {
  const { imports, exports } = description;
  const entries = triggers.flatMap(({ prefix, role }) =>
    exports
      .filter((name) => name === prefix || name.startsWith(`${prefix}@`))
      .map((entry) => ({ entry, role, wasi: versionOf([entry]) ?? versionOf(imports) ?? '0.2' })),
  );
  const chosen = entries.find(({ wasi }) => wasi === '0.2') ?? entries[0];
  if (chosen !== undefined) {
    const { entry, role, wasi } = chosen;
    return { kind: 'component', world: { role, wasi }, entry, description };
  }
  const world = { role: 'library', wasi: versionOf([...exports, ...imports]) ?? 'none' } as const;
  return { kind: 'component', world, entry: undefined, description };
}

/** The highest version of WASI among names such as `wasi:io/streams@0.2.3`. */
function versionOf(names: readonly string[]): '0.2' | '0.3' | undefined {
  const versions = names.flatMap((name) => /^wasi:[^@]+@0\.([23])(?:\.|-|$)/.exec(name)?.[1] ?? []);
  if (versions.includes('3')) return '0.3';
  return versions.includes('2') ? '0.2' : undefined;
}
