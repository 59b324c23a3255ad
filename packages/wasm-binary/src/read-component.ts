import { type ByteReader, createByteReader } from './byte-reader.ts';
import { WasmBinaryError } from './errors.ts';
import type { BinaryLimits } from './limits.ts';

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
} as const;
const typeSort = 0x03;

/** Reads the names at the top of a component; what is nested in it is skipped, not parsed. */
export function readComponent(
  bytes: Uint8Array,
  limits: BinaryLimits,
): ComponentDescription | WitPackageDescription {
  const reader = createByteReader(bytes, 8);
  const imports: string[] = [];
  const exports: string[] = [];
  let runs = false;
  let onlyTypes = true;
  while (!reader.atEnd) {
    const id = reader.byte();
    const content = reader.section(reader.u32());
    switch (id) {
      case section.coreModule:
      case section.coreInstance:
      case section.component:
      case section.instance:
      case section.canon:
        runs = true;
        break;
      case section.import:
        each(content, 'imports', limits, () => {
          imports.push(readExternName(content));
          skipExternDescription(content);
        });
        break;
      case section.export:
        each(content, 'exports', limits, () => {
          exports.push(readExternName(content));
          const sort = content.byte();
          if (sort === 0) content.byte();
          if (sort !== typeSort) onlyTypes = false;
          content.u32();
          if (content.byte() === 1) skipExternDescription(content);
        });
        break;
      default:
        if (id > 12) reader.fail(`an unknown section ${id}`);
    }
  }
  if (!runs && onlyTypes && imports.length === 0 && exports.length > 0)
    return { kind: 'wit-package', exports };
  return { kind: 'component', imports, exports };
}

function each(reader: ByteReader, what: string, { maxNames }: BinaryLimits, read: () => void): void {
  const count = reader.count(what);
  if (count > maxNames) {
    throw new WasmBinaryError('TOO_LARGE', `${count} ${what}; at most ${maxNames} are read`, reader.offset);
  }
  for (let index = 0; index < count; index += 1) read();
  if (!reader.atEnd) reader.fail(`bytes after the last of the ${what}`);
}

/** `0x00`, `0x01`: a name; `0x02`: a name with a version suffix of its own. */
function readExternName(reader: ByteReader): string {
  const form = reader.byte();
  if (form > 2) reader.fail('an unknown form of a name');
  const name = reader.name();
  return form === 2 ? `${name}@${reader.name()}` : name;
}

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
