import { isRecord } from '../content/read-descriptor.ts';
import { parseStrictJson } from '../content/strict-json.ts';
import { OciError } from '../errors.ts';

/** What the config of an image for containers says to run (image-spec, config.md). */
export interface ImageProgram {
  readonly entrypoint: readonly string[];
  /** Arguments, or the program when there is no entry point. */
  readonly cmd: readonly string[];
  /** In order. */
  readonly env: readonly (readonly [name: string, value: string])[];
  /** Absolute; `/` when the config has none. */
  readonly workingDir: string;
}

export interface ImageConfig {
  /** `os/architecture`, when it has both. */
  readonly platform: string | undefined;
  readonly isWasm: boolean;
  readonly program: ImageProgram;
}

/**
 * Reads the config of an image from foreign JSON; what is missing or of the wrong kind is left out.
 *
 * Throws {@link OciError} `UNSUPPORTED_ARTIFACT` for what is no JSON, or not the same to all readers.
 */
export function readImageConfig(bytes: Uint8Array, name: string): ImageConfig {
  const value = parse(bytes, name);
  const { os, architecture } = value;
  const config = isRecord(value['config']) ? value['config'] : {};
  const workingDir = config['WorkingDir'];
  return {
    platform:
      typeof os === 'string' && typeof architecture === 'string' ? `${os}/${architecture}` : undefined,
    isWasm: typeof architecture === 'string' && architecture.startsWith('wasm'),
    program: {
      entrypoint: texts(config['Entrypoint']),
      cmd: texts(config['Cmd']),
      env: texts(config['Env']).flatMap(variable),
      workingDir: typeof workingDir === 'string' && workingDir !== '' ? absolute(workingDir) : '/',
    },
  };
}

/** What is run by docker's rules: a container's own words replace the image's. */
export function commandOf(
  { entrypoint, cmd }: Pick<ImageProgram, 'entrypoint' | 'cmd'>,
  { command, args }: { readonly command?: readonly string[]; readonly args?: readonly string[] } = {},
): readonly string[] {
  // An entry point of the container's own makes the image's arguments meaningless.
  if (command !== undefined) return [...command, ...(args ?? [])];
  return [...entrypoint, ...(args ?? cmd)];
}

/** What the first argument names: a file, and behind `#` the function to call in it. */
export interface EntryPoint {
  readonly file: string;
  /** `undefined` for `_start`. */
  readonly function: string | undefined;
}

/** Takes apart what a program is called by (runwasi's convention): a file, after `#` the exported function to call. */
export function entryPointOf(argument: string): EntryPoint {
  const hash = argument.lastIndexOf('#');
  if (hash === -1) return { file: argument, function: undefined };
  const name = argument.slice(hash + 1);
  return { file: argument.slice(0, hash), function: name === '' ? undefined : name };
}

function parse(bytes: Uint8Array, name: string): Readonly<Record<string, unknown>> {
  try {
    const value = parseStrictJson(bytes);
    return isRecord(value) ? value : {};
  } catch (cause) {
    const problem = `${name}: its config ${(cause as Error).message}`;
    throw new OciError('UNSUPPORTED_ARTIFACT', problem, { reference: name, cause });
  }
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string') : [];
}

function variable(text: string): readonly (readonly [string, string])[] {
  const equals = text.indexOf('=');
  return equals < 1 ? [] : [[text.slice(0, equals), text.slice(equals + 1)]];
}

function absolute(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}
