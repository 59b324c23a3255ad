import type { GuestOutcome } from './guest-process.ts';

/** A case of `cases.as.ts`: what it is given and what has to come out. */
export interface ConformanceCase {
  /** As in wasi-testsuite. */
  readonly name: string;
  readonly args?: readonly string[];
  readonly env?: readonly (readonly [string, string])[];
  /** Files of the directory mounted at `/`, by path; a name with a slash at the end is a directory. No mount when absent. */
  readonly root?: Readonly<Record<string, string>>;
  readonly expected?: Partial<GuestOutcome>;
}

const emptyRoot = {};
const threeArguments = ['first', 'the "second" arg', '3'];

export const conformanceCases: readonly ConformanceCase[] = [
  { name: 'args_get-multiple-arguments', args: threeArguments },
  { name: 'args_sizes_get-multiple-arguments', args: threeArguments },
  { name: 'args_sizes_get-no-arguments' },
  {
    name: 'environ_get-multiple-variables',
    env: [
      ['a', 'text'],
      ['b', 'escap " ing'],
      ['c', 'new\nline'],
    ],
  },
  {
    name: 'environ_sizes_get-multiple-variables',
    env: [
      ['a', 'b'],
      ['b', 'c'],
      ['c', 'd'],
    ],
  },
  { name: 'environ_sizes_get-no-variables' },
  { name: 'fd_write-to-invalid-fd' },
  // With proc_exit-failure the sentinel: a runner that runs nothing fails both.
  { name: 'fd_write-to-stdout', expected: { stdout: 'hello' } },
  { name: 'proc_exit-failure', expected: { code: 33 } },
  { name: 'proc_exit-success' },
  { name: 'random_get-non-zero-length' },
  { name: 'random_get-zero-length' },
  { name: 'clock_getres-monotonic' },
  { name: 'clock_getres-realtime' },
  { name: 'clock_gettime-monotonic' },
  { name: 'clock_gettime-realtime' },
  { name: 'fdopendir-with-access', root: { 'fopendir.dir/file-0': '', 'fopendir.dir/file-1': '' } },
  { name: 'fopen-with-access', root: { file: 'Hello World!' } },
  { name: 'fopen-with-no-access' },
  { name: 'lseek', root: { 'lseek.txt': '01234567' } },
  { name: 'pread-with-access', root: { 'pread.txt': '0123456789' } },
  { name: 'pwrite-with-access', root: { 'writeable/': '' } },
  { name: 'pwrite-with-append', root: { 'writeable/': '' } },
  { name: 'sock_shutdown-invalid_fd' },
  { name: 'sock_shutdown-not_sock', root: emptyRoot },
  { name: 'stat-dev-ino', root: emptyRoot },
  { name: 'big_random_buf' },
  { name: 'clock_time_get' },
  { name: 'close_preopen', root: emptyRoot },
  { name: 'dangling_fd', root: emptyRoot },
  { name: 'dangling_symlink', root: emptyRoot },
  { name: 'dir_fd_op_failures', root: emptyRoot },
  { name: 'directory_seek', root: emptyRoot },
  { name: 'fd_advise', root: emptyRoot },
  { name: 'fd_fdstat_set_rights', root: emptyRoot },
  { name: 'fd_filestat_set', root: emptyRoot },
  { name: 'fd_flags_set', root: emptyRoot },
  { name: 'fd_readdir', root: emptyRoot },
  { name: 'file_allocate', root: emptyRoot },
  { name: 'file_pread_pwrite', root: emptyRoot },
  { name: 'file_seek_tell', root: emptyRoot },
  { name: 'file_truncation', root: emptyRoot },
  { name: 'file_unbuffered_write', root: emptyRoot },
  { name: 'fstflags_validate', root: emptyRoot },
  { name: 'interesting_paths', root: emptyRoot },
  { name: 'isatty', root: emptyRoot },
  { name: 'nofollow_errors', root: emptyRoot },
  { name: 'overwrite_preopen', root: emptyRoot },
  { name: 'path_exists', root: emptyRoot },
  { name: 'path_filestat', root: emptyRoot },
  { name: 'path_link', root: emptyRoot },
  { name: 'path_open_create_existing', root: emptyRoot },
  { name: 'path_open_dirfd_not_dir', root: emptyRoot },
  { name: 'path_open_missing', root: emptyRoot },
  { name: 'path_open_nonblock', root: emptyRoot },
  { name: 'path_open_preopen', root: emptyRoot },
  { name: 'path_open_read_write', root: emptyRoot },
  { name: 'path_rename', root: emptyRoot },
  { name: 'path_rename_dir_trailing_slashes', root: emptyRoot },
  { name: 'path_symlink_trailing_slashes', root: emptyRoot },
  { name: 'poll_oneoff_stdio' },
  { name: 'readlink', root: emptyRoot },
  { name: 'remove_directory_trailing_slashes', root: emptyRoot },
  { name: 'remove_nonempty_directory', root: emptyRoot },
  { name: 'renumber', root: emptyRoot },
  { name: 'sched_yield' },
  { name: 'stdio', root: emptyRoot, expected: { stdout: 'moved' } },
  { name: 'symlink_create', root: emptyRoot },
  { name: 'symlink_filestat', root: emptyRoot },
  { name: 'symlink_loop', root: emptyRoot },
  { name: 'truncation_rights', root: emptyRoot },
  { name: 'unlink_file_trailing_slashes', root: emptyRoot },
];

/** The export of `cases.as.ts` for a case. */
export function entryOf({ name }: ConformanceCase): string {
  return `case_${name.replaceAll('-', '_')}`;
}
