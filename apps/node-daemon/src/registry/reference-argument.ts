import { OciError, parseReference, type Reference } from '@wasmlet/oci-wasm';
import { UsageError } from '../errors.ts';

/** A reference as the command line has it. Throws {@link UsageError} saying what is wrong with it. */
export function referenceArgument(text: string): Reference {
  try {
    return parseReference(text);
  } catch (cause) {
    if (!(cause instanceof OciError)) throw cause;
    throw new UsageError(cause.message, { cause });
  }
}

/** The reference of the same repository with another tag. Throws {@link UsageError} when it is no tag. */
export function tagArgument({ registry, repository }: Reference, tag: string): Reference {
  if (/[@:/]/.test(tag)) throw new UsageError(`"${tag}" is no tag: write the name alone, e.g. v1`);
  return referenceArgument(`${registry}/${repository}:${tag}`);
}
