import type { ByteReader } from '../byte-reader.ts';
import { sectionsOf } from '../sections.ts';
import { sniffWasm } from '../sniff-wasm.ts';
import type { Component, Definition } from './component.ts';
import { componentTypeOf } from './component-type-of.ts';
import { readAlias } from './read-alias.ts';
import { readCanon } from './read-canon.ts';
import { createCoreInstanceReader } from './read-core-instance.ts';
import { readCoreModule } from './read-core-module.ts';
import { readComponentCoreTypes } from './read-core-module-type.ts';
import { readExport, readImport } from './read-import-export.ts';
import { readInstance } from './read-instance.ts';
import { readType } from './read-type.ts';
import type { Reading } from './reading.ts';
import { append, createScope, type Scope } from './scope.ts';

interface Range {
  readonly start: number;
  readonly end: number;
}

type ReadDefinition = (reader: ByteReader) => readonly Definition[];

/** Reads a component between two offsets, and those nested in it. */
export function readComponentBody(
  bytes: Uint8Array,
  { start, end }: Range,
  reading: Reading,
  outer?: Scope,
): Component {
  checkHeader(bytes, start, end, reading);
  const scope = createScope('component', reading, outer);
  const definitions: Definition[] = [];
  const add: (read: readonly Definition[]) => void = (read) => void definitions.push(...read);
  const sections = vectorSections(scope);

  for (const { id, start: at, content } of sectionsOf(bytes, reading.limits.maxDefinitions, { start, end })) {
    reading.at = at;
    reading.countDefinition();
    const vector = sections[id];
    if (vector) {
      readVector(reading, content, (reader) => add(vector(reader)));
    } else if (id === section.coreModule) {
      add([readModule(bytes, content, scope)]);
    } else if (id === section.component) {
      add([readNested(bytes, content, scope)]);
    } else if (id === section.start || id === section.value) {
      reading.unsupported('start functions and values of components');
    } else if (id === section.custom) {
      reading.name(content);
    } else {
      content.fail(`an unknown section ${id}`);
    }
  }
  reading.at = start;
  return {
    kind: 'component',
    start,
    end,
    imports: definitions.filter((definition) => definition.kind === 'import'),
    exports: definitions.filter((definition) => definition.kind === 'export'),
    definitions,
    type: componentTypeOf(scope),
  };
}

const section = { custom: 0, coreModule: 1, component: 4, start: 9, value: 12 } as const;

/** The only version there is until the format is final. */
const version = 0x0d;

function checkHeader(bytes: Uint8Array, start: number, end: number, reading: Reading): void {
  reading.at = start;
  const header = bytes.subarray(start, end);
  if (sniffWasm(header) !== 'component') reading.malformed('a component that does not begin as one');
  if (header[4] !== version || header[5] !== 0) reading.unsupported('components of other versions than 13');
}

/** Sections that are lists of definitions, by their ids. */
function vectorSections(scope: Scope): Readonly<Record<number, ReadDefinition>> {
  const readCoreInstance = createCoreInstanceReader();
  return {
    2: (reader) => [readCoreInstance(reader, scope)],
    3: (reader) =>
      readComponentCoreTypes(reader, scope).map((type) => ({
        kind: 'core-type',
        index: append(scope, 'core-type', type),
        type,
      })),
    5: (reader) => [readInstance(reader, scope)],
    6: (reader) => [readAlias(reader, scope)],
    7: (reader) => {
      const type = readType(reader, scope);
      return [{ kind: 'type', index: append(scope, 'type', type), type }];
    },
    8: (reader) => [readCanon(reader, scope)],
    10: (reader) => [readImport(reader, scope)],
    11: (reader) => [readExport(reader, scope)],
  };
}

function readVector(reading: Reading, content: ByteReader, read: (reader: ByteReader) => void): void {
  for (let left = content.count('definitions'); left > 0; left -= 1) {
    reading.at = content.offset;
    reading.countDefinition();
    read(content);
  }
  if (!content.atEnd) content.fail('bytes after the last definition of a section');
}

function readModule(bytes: Uint8Array, content: ByteReader, scope: Scope): Definition {
  const { offset: start, end } = content;
  const type = readCoreModule(bytes, content, scope.reading);
  scope.reading.factsOf(type);
  return { kind: 'core-module', index: append(scope, 'core-module', type), start, end, type };
}

function readNested(bytes: Uint8Array, content: ByteReader, scope: Scope): Definition {
  const { offset: start, end } = content;
  const component = readComponentBody(bytes, { start, end }, scope.reading, scope);
  return { kind: 'component', index: append(scope, 'component', component.type), component };
}
