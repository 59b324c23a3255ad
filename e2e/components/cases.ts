/** A component of another toolchain, and what its author expects of it. */
export type ComponentCase = CommandCase | ServerCase;

interface Origin {
  /** The file is `NAME.wasm` in the folder that `build.mjs` fills. */
  readonly name: string;
  readonly language: string;
  /** What it was built with, by the names in `versions.json` of that folder. */
  readonly toolchain: readonly string[];
  readonly what: string;
}

/** Runs to its end. */
export interface CommandCase extends Origin {
  readonly kind: 'command';
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Directories of the guest, with their files; it cannot change `/fixed`. */
  readonly directories?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Answers requests, each by an instance of its own. */
export interface ServerCase extends Origin {
  readonly kind: 'server';
  readonly exchanges: readonly Exchange[];
}

export interface Exchange {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent by POST. */
  readonly body?: string;
  readonly status: number;
  readonly answer: string;
  readonly answerHeaders?: Readonly<Record<string, string>>;
}

const adapted = { args: [], code: 0, stderr: '' } as const;
const greeting = { GREETING: 'Grüß Gott' };
const note = { '/data': { note: 'from a file\n' } };

/** What a customer buys. */
const bought: Pick<CommandCase, 'args' | 'stdout' | 'stderr'> = {
  args: ['tea', 'crumpet', 'bun', 'pie', 'größe'],
  stdout: `tea: 310
crumpet: 400
größe: 405
| Corner shop
| 1 x tea: hot, loose
| 2 x crumpet: round
| 5 x größe
Corner shop closes
405 pence
`,
  stderr: 'no more bun\nno pie\n',
};

const hello: readonly Exchange[] = [
  { path: '/hello', status: 200, answer: 'Hello, world\n', answerHeaders: { 'content-type': 'text/plain' } },
  { path: '/hello?name=wasm', status: 200, answer: 'Hello, wasm\n' },
  { path: '/echo', body: 'ü'.repeat(100_000), status: 200, answer: 'ü'.repeat(100_000) },
  { path: '/none', status: 404, answer: '' },
];
const sum = (answer: string): Exchange => ({ path: '/sum', body: '[1, 2, 39.5]', status: 201, answer });

export const componentCases: readonly ComponentCase[] = [
  {
    ...adapted,
    kind: 'command',
    name: 'rust-std-checks',
    language: 'Rust',
    toolchain: ['rustc', 'preview1 adapter'],
    what: "eleven tests of Rust's std: files, directories, environment, time, hash maps",
    env: { A: '1', EMPTY: '', UMLAUT: 'ü=ü' },
    directories: { '/scratch': {}, '/fixed': { file: 'fixed' } },
    stdout: `
running 11 tests
test clocks_go_forward ... ok
test directories_are_listed_whole ... ok
test files_are_written_read_appended_and_cut ... ok
test files_tell_when_they_were_changed ... ok
test large_files_pass_through_buffers ... ok
test memory_and_randomness_are_there ... ok
test names_are_linked_renamed_copied_and_removed ... ok
test streams_are_there ... out
ok
test the_environment_is_what_was_given ... ok
test what_cannot_be_is_told_by_kind ... ok
test what_is_fixed_stays_as_it_is ... ok

test result: ok. 11 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out

`,
    stderr: 'err\n',
  },
  {
    ...adapted,
    kind: 'command',
    name: 'c-sqlite',
    language: 'C',
    toolchain: ['clang', 'preview1 adapter'],
    what: 'SQLite: transactions, rollback and integrity of a database in a file',
    args: ['check', '/data/test.db'],
    env: { SQLITE_TMPDIR: '/data' },
    directories: { '/data': {} },
    stdout: '9 checks passed\n',
  },
  {
    kind: 'server',
    name: 'c-server',
    language: 'C',
    toolchain: ['wit-bindgen', 'clang', 'preview1 adapter'],
    what: 'answers, echoes a body while it comes',
    exchanges: hello,
  },
  {
    ...adapted,
    kind: 'command',
    name: 'js-command',
    language: 'JavaScript',
    toolchain: ['componentize-js'],
    what: 'arguments, environment, a file, standard input',
    args: ['b', 'a'],
    env: greeting,
    stdin: 'stressed',
    directories: note,
    stdout: '["A","B"]\nGrüß Gott\nfrom a file\ndesserts\n2 3 5 7 11 13 17 19\n',
  },
  {
    kind: 'server',
    name: 'js-server',
    language: 'JavaScript',
    toolchain: ['componentize-js'],
    what: 'a server by the Fetch API',
    exchanges: [...hello, sum('{"method":"POST","sum":42.5}')],
  },
  {
    ...adapted,
    kind: 'command',
    name: 'python-command',
    language: 'Python',
    toolchain: ['componentize-py'],
    what: 'arguments, environment, files and directories, standard input, hashes, clocks',
    args: ['b', 'a'],
    env: greeting,
    stdin: 'stressed',
    directories: note,
    stdout: `["A", "B"]
Grüß Gott
from a file
['deep', 'two'] 4
desserts
b687f609f35664c8
True 16
`,
    stderr: 'FileNotFoundError\n',
  },
  {
    kind: 'server',
    name: 'python-server',
    language: 'Python',
    toolchain: ['componentize-py'],
    what: 'a server by the interfaces of wasi:http',
    exchanges: [...hello, sum('{"method": "POST", "sum": 42.5}')],
  },
  {
    ...bought,
    code: 1,
    kind: 'command',
    name: 'composed-c',
    language: 'C, C, C',
    toolchain: ['wit-bindgen', 'clang', 'preview1 adapter', 'wac'],
    what: 'three deep: a command, a resource of the component below it, a library below that',
  },
  {
    ...bought,
    code: 0,
    kind: 'command',
    name: 'composed-languages',
    language: 'Python, C, JavaScript',
    toolchain: ['componentize-py', 'wit-bindgen', 'clang', 'preview1 adapter', 'componentize-qjs', 'wac'],
    what: 'the same in three languages',
  },
];
