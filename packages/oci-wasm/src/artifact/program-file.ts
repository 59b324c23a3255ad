import type { AbortOptions, ContentReader } from '../content/target.ts';
import { lent } from '../content/lent.ts';
import { OciError } from '../errors.ts';
import { findFile, type FoundFile } from '../rootfs/find-file.ts';
import { createLayerBudget } from '../rootfs/layer-budget.ts';
import { commandOf, entryPointOf, type ImageProgram } from './image-config.ts';
import { printable } from './printable.ts';
import type { CompatArtifact } from './wasm-artifact.ts';

export interface ProgramFileOptions extends AbortOptions {
  /** What a container runs in place of the image's entry point. @default the image's */
  readonly entry?: string;
  /** How much of it is kept. */
  readonly keepBytes: number;
}

/** Programs that are larger are no more than what is read of a binary anywhere. */
const maxFileBytes = 256 * 1024 * 1024;

/**
 * The file that an image for containers runs, from its layers. A name without a slash is looked for in the working
 * directory and along the image's `PATH`.
 *
 * Rejects with {@link OciError} `UNSUPPORTED_ARTIFACT` when there is none, `INVALID_LAYER`, `TOO_LARGE`.
 */
export async function findProgramFile(
  from: ContentReader,
  { program, layers, digest }: Pick<CompatArtifact, 'program' | 'layers' | 'digest'>,
  { entry = commandOf(program)[0], keepBytes, signal }: ProgramFileOptions,
): Promise<FoundFile> {
  if (entry === undefined) {
    throw new OciError(
      'UNSUPPORTED_ARTIFACT',
      `image ${digest} has neither Entrypoint nor Cmd: what it runs has to be said`,
    );
  }
  const abort = signal === undefined ? {} : { signal };
  const sources = layers.map((layer) => () => lent(layer, from.read(layer, abort)));
  const budget = createLayerBudget();
  for (const path of programPaths(entryPointOf(entry).file, program)) {
    const found = await findFile({ layers: sources, path, keepBytes, maxFileBytes, budget });
    if (found) return found;
  }
  throw new OciError(
    'UNSUPPORTED_ARTIFACT',
    `image ${digest} has no file ${printable(entry)} in its layers, which it is to run`,
  );
}

/** Directories of a `PATH` that are looked into: each takes another pass over the layers. */
const maxDirectories = 8;

/** Where a program may be, in order. */
function programPaths(
  file: string,
  { env, workingDir }: Pick<ImageProgram, 'env' | 'workingDir'>,
): readonly string[] {
  if (file.startsWith('/')) return [file];
  const here = `${workingDir}/${file}`;
  if (file.includes('/')) return [here];
  const [, path = ''] = env.findLast(([name]) => name === 'PATH') ?? [];
  const directories = path.split(':').filter((directory) => directory.startsWith('/'));
  return [here, ...directories.slice(0, maxDirectories).map((directory) => `${directory}/${file}`)];
}
