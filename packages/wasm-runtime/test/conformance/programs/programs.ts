import type { GuestSpec } from '../../../src/index.ts';

/** How one of wasmtime's programs is run, and what is to come of it. */
export interface Program {
  readonly name: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Files of its directory, by path; what is not text is a directory. */
  readonly files?: Readonly<Record<string, string>>;
  /** Where it sees its directory. @default '.' */
  readonly at?: string;
  /** Files of a second directory, which it sees as `readonly` and cannot change. */
  readonly readOnly?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly spec?: Partial<GuestSpec>;
  /** @default it ends with 0 */
  readonly ends?: { readonly code: number } | 'trap';
  readonly stdout?: string | RegExp;
  readonly stderr?: RegExp;
  /** Files of its directory afterwards. */
  readonly left?: Readonly<Record<string, string>>;
}

const readOnlyFile = { 'test.txt': 'read only test file\n' };
const noNetwork: Partial<GuestSpec> = { egress: { allowedHosts: [], grants: [] } };
const verse = 'So rested he by the Tumtum tree';

/** The commands among the `p2_*` programs, as wasmtime's own tests run them. */
export const programs: readonly Program[] = [
  ...[
    'p2_adapter_badfd',
    'p2_clocks_zero_wait',
    'p2_file_read_write',
    'p2_ip_name_lookup',
    'p2_pollable_correct',
    'p2_random',
    'p2_sleep',
    'p2_stream_pollable_correct',
    'p2_tcp_bind',
    'p2_tcp_busy_poll',
    'p2_tcp_connect',
    'p2_tcp_listen',
    'p2_tcp_sample_application',
    'p2_tcp_sockopts',
    'p2_tcp_states',
    'p2_tcp_streams',
    'p2_udp_bind',
    'p2_udp_connect',
    'p2_udp_sample_application',
    'p2_udp_send_to_closed_receiver',
    'p2_udp_sockopts',
    'p2_udp_states',
    'p2_udp_stream',
    'p2_cli_default_clocks',
    'p2_cli_exit_default',
    'p2_cli_exit_success',
    'p2_cli_export_cabi_realloc',
    'p2_cli_hello_stdout',
    'p2_cli_sleep',
    'p2_cli_stdio_write_flushes',
  ].map((name) => ({ name })),
  { name: 'p2_pollable_traps', ends: 'trap' },
  { name: 'p2_stream_pollable_traps', ends: 'trap' },
  { name: 'p2_udp_send_too_much', ends: 'trap' },
  { name: 'p2_file_hardlink_across_perms', readOnly: readOnlyFile },
  { name: 'p2_file_rename_across_perms', readOnly: readOnlyFile },
  { name: 'p2_file_truncation_readonly', readOnly: readOnlyFile },
  { name: 'p2_file_stream_not_permitted', readOnly: { 'stream-perms.txt': 'stream permission test\n' } },
  { name: 'p2_api_read_only', readOnly: {} },
  { name: 'p2_api_time' },
  { name: 'p2_cli_args', args: ['hello', 'this', '', 'is an argument', 'with 🚩 emoji'] },
  { name: 'p2_cli_argv0', args: ['p2_cli_argv0'] },
  { name: 'p2_cli_env', env: { frabjous: 'day', callooh: 'callay' } },
  {
    name: 'p2_cli_directory_list',
    at: '/',
    files: { 'foo.txt': '', 'bar.txt': '', 'baz.txt': '', 'sub/wow.txt': '', 'sub/yay.txt': '' },
  },
  {
    name: 'p2_cli_file_append',
    at: '/',
    files: { 'bar.txt': "'Twas brillig, and the slithy toves.\n" },
    left: {
      'bar.txt':
        "'Twas brillig, and the slithy toves.\nDid gyre and gimble in the wabe;\nAll mimsy were the borogoves,\nAnd the mome raths outgrabe.\n",
    },
  },
  { name: 'p2_cli_file_dir_sync', at: '/', files: { 'bar.txt': "'Twas brillig, and the slithy toves.\n" } },
  { name: 'p2_cli_file_read', at: '/', files: { 'bar.txt': 'And stood awhile in thought' } },
  { name: 'p2_cli_exit_failure', ends: { code: 1 } },
  { name: 'p2_cli_exit_panic', ends: 'trap', stderr: /Curiouser and curiouser!/ },
  { name: 'p2_cli_exit_with_code', ends: { code: 42 } },
  {
    name: 'p2_cli_large_env',
    env: Object.fromEntries(Array.from({ length: 512 }, (_, at) => [`KEY${at}`, 'x'.repeat(1024)])),
  },
  { name: 'p2_cli_max_resources' },
  { name: 'p2_cli_much_stdout', args: ['a'.repeat(4096), '64'], stdout: 'a'.repeat(4096 * 64) },
  { name: 'p2_cli_no_ip_name_lookup', spec: noNetwork },
  { name: 'p2_cli_no_tcp', spec: noNetwork },
  { name: 'p2_cli_no_udp', spec: noNetwork },
  { name: 'p2_cli_stdin', stdin: verse },
  { name: 'p2_cli_stdin_empty', stdin: 'not to be read' },
  {
    name: 'p2_cli_splice_stdin',
    stdin: verse,
    stdout: `before splice\n${verse}\ncompleted splicing ${verse.length} bytes\n`,
  },
];
