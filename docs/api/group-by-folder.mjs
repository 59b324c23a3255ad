// A typedoc plug-in: the exports of a package with many are listed by the stage of a transfer that they belong to, which
// is the folder that they are in.
import { dirname, relative } from 'node:path';
import { CommentTag, Converter, ReflectionKind } from 'typedoc';

/** Folder below `packages/` → heading. */
const headings = new Map([
  ['oci-wasm/src/transfer', 'Pull, push, copy'],
  ['oci-wasm/src/artifact', 'Formats of artifacts'],
  ['oci-wasm/src/content', 'Content and where it is'],
  ['oci-wasm/src/registry', 'Registries'],
  ['oci-wasm/src/hosts', 'Mirrors, certificates, proxies'],
  ['oci-wasm/src/store', 'Stores'],
  ['oci-wasm/src/signatures', 'Signatures'],
  ['oci-wasm/src/credentials', 'Credentials'],
  ['oci-wasm/src', 'References and errors'],
]);
const packages = new URL('../../packages', import.meta.url).pathname;

export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    for (const reflection of context.project.getReflectionsByKind(ReflectionKind.SomeExport)) {
      if (reflection.parent?.kindOf(ReflectionKind.Module | ReflectionKind.Project))
        group(context, reflection);
    }
  });
}

function group(context, reflection) {
  const [declaration] = context.getSymbolFromReflection(reflection)?.declarations ?? [];
  if (declaration === undefined) return;
  const heading = headingOf(relative(packages, declaration.getSourceFile().fileName));
  if (heading === undefined) return;
  for (const { comment } of [reflection, ...(reflection.signatures ?? [])]) {
    comment?.blockTags.push(new CommentTag('@category', [{ kind: 'text', text: heading }]));
  }
}

function headingOf(file) {
  for (let folder = dirname(file); folder !== '.'; folder = dirname(folder)) {
    const heading = headings.get(folder);
    if (heading !== undefined) return heading;
  }
  return undefined;
}
