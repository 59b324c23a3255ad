import type { ByteReader } from './byte-reader.ts';
import type { BinaryLimits } from './limits.ts';
import { createNameBudget } from './name-budget.ts';
import { readItems } from './read-items.ts';
import { sectionsOf } from './sections.ts';

/** What a component wants and offers. */
export interface ComponentDescription {
  readonly kind: 'component';
  /** Names of its imports and exports as the binary has them, e.g. `wasi:http/types@0.2.3`. */
  readonly imports: readonly string[];
  readonly exports: readonly string[];
}

/** A component that holds interface types only: nothing in it can run. */
export interface WitPackageDescription {
  readonly kind: 'wit-package';
  readonly exports: readonly string[];
}

const section = {
  coreModule: 1,
  coreInstance: 2,
  component: 4,
  instance: 5,
  canon: 8,
  import: 10,
  export: 11,
  value: 12,
} as const;
const typeSort = 0x03;

/** Reads the names at the top of a component; what is nested in it is skipped, not parsed. */
export function readComponent(
  bytes: Uint8Array,
  { maxNames, maxNamesBytes, maxSections }: BinaryLimits,
): ComponentDescription | WitPackageDescription {
  const imports: string[] = [];
  const exports: string[] = [];
  const nameOf = createNameBudget(maxNamesBytes);
  let runs = false;
  let onlyTypes = true;
  for (const { id, content } of sectionsOf(bytes, maxSections)) {
    switch (id) {
      case section.coreModule:
      case section.coreInstance:
      case section.component:
      case section.instance:
      case section.canon:
        runs = true;
        break;
      case section.import:
        readItems(content, { into: imports, what: 'imports', limit: maxNames }, () => {
          const name = readExternName(content, nameOf);
          skipExternDescription(content);
          return name;
        });
        break;
      case section.export:
        readItems(content, { into: exports, what: 'exports', limit: maxNames }, () => {
          const name = readExternName(content, nameOf);
          const sort = content.byte();
          if (sort === 0) content.byte();
          if (sort !== typeSort) onlyTypes = false;
          content.u32();
          if (content.byte() === 1) skipExternDescription(content);
          return name;
        });
        break;
      default:
        if (id > section.value) content.fail(`an unknown section ${id}`);
    }
  }
  if (!runs && onlyTypes && imports.length === 0 && exports.length > 0)
    return { kind: 'wit-package', exports };
  return { kind: 'component', imports, exports };
}

/** `0x00`, `0x01`: a name; `0x02`: a name with attributes, of which a version suffix completes it: `a:b/c@0.2` and `.3`. */
function readExternName(reader: ByteReader, nameOf: (reader: ByteReader) => string): string {
  const form = reader.byte();
  if (form > 2) reader.fail('an unknown form of a name');
  const name = nameOf(reader);
  if (form < 2) return name;
  let suffix = '';
  for (let left = reader.count('attributes'); left > 0; left -= 1) {
    const attribute = reader.byte();
    if (attribute > 2) reader.fail('an unknown attribute of a name');
    const value = nameOf(reader);
    if (attribute === versionSuffix) suffix = value;
  }
  return name + suffix;
}

const versionSuffix = 1;

function skipExternDescription(reader: ByteReader): void {
  switch (reader.byte()) {
    case 0x00: // core module
      if (reader.byte() !== 0x11) reader.fail('an unknown core sort');
      reader.u32();
      break;
    case 0x01: // function
    case 0x04: // component
    case 0x05: // instance
      reader.u32();
      break;
    case 0x02: // value: equal to another, or of a type
      if (reader.byte() === 0) reader.u32();
      else reader.skipSigned(33);
      break;
    case 0x03: // type: equal to another, or a fresh resource
      if (reader.byte() === 0) reader.u32();
      break;
    default:
      reader.fail('an unknown kind of import or export');
  }
}
