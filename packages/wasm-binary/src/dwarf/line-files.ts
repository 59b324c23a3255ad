import { createDwarfReader, type DwarfReader } from './dwarf-reader.ts';
import type { LineUnit } from './line-unit.ts';

/** Sections that a line table may have its names in. */
export interface NameSections {
  /** `.debug_line_str`. */
  readonly lineStrings?: Uint8Array | undefined;
  /** `.debug_str`. */
  readonly strings?: Uint8Array | undefined;
}

/** Names that are read from one unit, of directories and of files. */
const maxNames = 65_536;

/**
 * The path of a file in a unit's table, as the compiler was given it; `undefined` for a number that the table has not. In
 * DWARF 5 it begins where the compiler ran, in older versions it may be relative to that.
 */
export function fileNameOf(unit: LineUnit, file: number, sections: NameSections): string | undefined {
  const { directories, files } = unit.version >= 5 ? readTables(unit, sections) : readOldTables(unit);
  const entry = files[file];
  if (entry === undefined) return undefined;
  const name = entry.name();
  if (name === '') return undefined;
  const [first, directory] = [directories[0]?.name() ?? '', directories[entry.directory]?.name() ?? ''];
  return join(join(first, directory), name);
}

/** A directory, or a file in one of them. */
interface Entry {
  readonly name: () => string;
  readonly directory: number;
}

interface NameTables {
  readonly directories: readonly Entry[];
  readonly files: readonly Entry[];
}

function join(directory: string, name: string): string {
  const absolute = /^([/\\]|[A-Za-z]:[/\\])/.test(name);
  return absolute || directory === '' || directory === name
    ? name
    : `${directory.replace(/\/$/, '')}/${name}`;
}

const nothing: Entry = { name: () => '', directory: 0 };

/** Until version 4: numbered from 1, for directory 0 is where the compiler ran. */
function readOldTables(unit: LineUnit): NameTables {
  const names = unit.names();
  const directories = [nothing];
  for (let name = names.text(); name !== ''; name = names.text()) {
    add({ name: () => name, directory: 0 }, directories, names);
  }
  const files = [nothing];
  for (let name = names.text(); name !== ''; name = names.text()) {
    add({ name: () => name, directory: names.uleb() }, files, names);
    // The time of its last change, and its length.
    names.uleb();
    names.uleb();
  }
  return { directories, files };
}

/** From version 5 on: numbered from 0, and described by a list of what each entry has. */
function readTables({ names, offsetBytes }: LineUnit, sections: NameSections): NameTables {
  const input = { reader: names(), offsetBytes, sections };
  return { directories: readEntries(input), files: readEntries(input) };
}

function readEntries(input: FormInput): readonly Entry[] {
  const { reader } = input;
  const formats: (readonly [content: number, form: number])[] = [];
  for (let left = reader.byte(); left > 0; left -= 1) formats.push([reader.uleb(), reader.uleb()]);
  const count = reader.uleb();
  if (count > 0 && formats.length === 0) reader.fail('names of nothing');
  const entries: Entry[] = [];
  while (entries.length < count) {
    let { name, directory } = nothing;
    for (const [content, form] of formats) {
      const value = readForm(input, form);
      if (content === contents.path && typeof value === 'function') name = value;
      else if (content === contents.directory && typeof value === 'number') directory = value;
    }
    add({ name, directory }, entries, reader);
  }
  return entries;
}

function add(entry: Entry, list: Entry[], reader: DwarfReader): void {
  if (list.length === maxNames) reader.fail(`more than ${maxNames} names`);
  list.push(entry);
}
const contents = { path: 1, directory: 2 } as const;

interface FormInput {
  readonly reader: DwarfReader;
  readonly offsetBytes: 4 | 8;
  readonly sections: NameSections;
}

/** A value in one of the forms that line tables may have; `undefined` for one that is of no use here. */
function readForm(
  { reader, offsetBytes, sections }: FormInput,
  form: number,
): (() => string) | number | undefined {
  switch (form) {
    case 0x08: {
      // string
      const text = reader.text();
      return () => text;
    }
    case 0x1f: // line_strp
      return textAt(sections.lineStrings, reader.unsigned(offsetBytes));
    case 0x0e: // strp
      return textAt(sections.strings, reader.unsigned(offsetBytes));
    case 0x0b: // data1
      return reader.byte();
    case 0x05: // data2
      return reader.unsigned(2);
    case 0x06: // data4
      return reader.unsigned(4);
    case 0x07: // data8
      return reader.unsigned(8);
    case 0x0f: // udata
      return reader.uleb();
    case 0x1e: // data16: a checksum
      reader.skip(16);
      return undefined;
    case 0x09: // block
      reader.skip(reader.uleb());
      return undefined;
    default:
      return reader.fail(`a name in form ${form}`);
  }
}

/** Many may point at one long text: none is read that nobody wants. */
function textAt(section: Uint8Array = new Uint8Array(), offset: number): () => string {
  return () => createDwarfReader(section, Math.min(offset, section.length)).text();
}
