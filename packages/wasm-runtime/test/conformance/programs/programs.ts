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
  /** @default false */
  readonly isReadOnly?: boolean;
  /** Files of a second directory, which it sees as `readonly` and cannot change. */
  readonly readOnly?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly spec?: Partial<GuestSpec>;
  /** @default it ends with 0 */
  readonly ends?: { readonly code: number } | 'trap';
  readonly stdout?: string;
  /** A part of it. */
  readonly stderr?: string;
  /** Files of its directory afterwards. */
  readonly left?: Readonly<Record<string, string>>;
  /** Why it ends otherwise here. */
  readonly differs?: string;
}

const readOnlyFile = { 'test.txt': 'read only test file\n' };
const ports = 'it listens on a free port; ports are given by the spec';
const tcpOptions = 'Node sets none of the options of TCP but keep-alive';
const preopen = 'it looks for a directory by the relative name “readonly”; mounts have absolute ones';
const onUse = 'a socket can be made without a policy that allows any; it is refused when it is used';
const noNetwork: Partial<GuestSpec> = { egress: { allowedHosts: [], grants: [] } };
const verse = 'So rested he by the Tumtum tree';

/**
 * The commands among the `p2_*` programs, as wasmtime's own tests run them, but for what they test of wasmtime's options (`p2_api_time`,
 * `p2_cli_initial_cwd`, `p2_cli_hostcall_fuel`, …) and of interfaces that there are not here.
 */
export const programs: readonly Program[] = [
  ...[
    'p2_adapter_badfd',
    'p2_clocks_zero_wait',
    'p2_file_read_write',
    'p2_pollable_correct',
    'p2_random',
    'p2_sleep',
    'p2_stream_pollable_correct',
    'p2_tcp_listen',
    'p2_udp_connect',
    'p2_udp_sockopts',
    'p2_udp_states',
    'p2_cli_default_clocks',
    'p2_cli_exit_default',
    'p2_cli_exit_success',
    'p2_cli_export_cabi_realloc',
    'p2_cli_hello_stdout',
    'p2_cli_sleep',
    'p2_cli_stdio_write_flushes',
  ].map((name) => ({ name })),
  ...['p2_tcp_bind', 'p2_tcp_busy_poll', 'p2_tcp_connect', 'p2_tcp_sample_application', 'p2_tcp_streams'].map(
    (name) => ({ name, differs: ports }),
  ),
  { name: 'p2_tcp_sockopts', differs: tcpOptions },
  { name: 'p2_tcp_states', differs: tcpOptions },
  { name: 'p2_udp_bind', differs: 'it asks for a port; datagrams have a free one each' },
  {
    name: 'p2_udp_sample_application',
    differs: 'a socket with one peer is not connected in the kernel, so its own address stays 0.0.0.0',
  },
  {
    name: 'p2_udp_send_to_closed_receiver',
    differs:
      'a socket with one peer is not connected in the kernel, which then tells nothing of ports that are closed',
  },
  { name: 'p2_udp_stream', differs: 'two datagrams that come at once may be received one by one' },
  {
    name: 'p2_ip_name_lookup',
    differs: 'it needs the Internet, and names that are not allowed by the policy of this test',
  },
  { name: 'p2_pollable_traps', ends: 'trap' },
  { name: 'p2_stream_pollable_traps', ends: 'trap' },
  { name: 'p2_udp_send_too_much', ends: 'trap' },
  { name: 'p2_file_hardlink_across_perms', readOnly: readOnlyFile, differs: preopen },
  { name: 'p2_file_rename_across_perms', readOnly: readOnlyFile, differs: preopen },
  { name: 'p2_file_truncation_readonly', readOnly: readOnlyFile, differs: preopen },
  {
    name: 'p2_file_stream_not_permitted',
    readOnly: { 'stream-perms.txt': 'stream permission test\n' },
    differs: preopen,
  },
  {
    name: 'p2_api_read_only',
    at: '/',
    isReadOnly: true,
    files: { 'bar.txt': 'And stood awhile in thought', 'sub/wow.txt': '', 'sub/yay.txt': '' },
  },
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
  { name: 'p2_cli_exit_panic', ends: 'trap', stderr: 'Curiouser and curiouser!' },
  { name: 'p2_cli_exit_with_code', ends: { code: 42 } },
  {
    name: 'p2_cli_large_env',
    env: Object.fromEntries(Array.from({ length: 512 }, (_, at) => [`KEY${at}`, 'x'.repeat(1024)])),
    differs:
      'linked with the wasi-libc of Debian 12, whose allocator’s export asks for the environment before it allocates: no call is allowed there',
  },
  { name: 'p2_cli_max_resources' },
  { name: 'p2_cli_much_stdout', args: ['a'.repeat(4096), '64'], stdout: 'a'.repeat(4096 * 64) },
  { name: 'p2_cli_no_ip_name_lookup', spec: noNetwork },
  { name: 'p2_cli_no_tcp', spec: noNetwork, differs: onUse },
  { name: 'p2_cli_no_udp', spec: noNetwork, differs: onUse },
  { name: 'p2_cli_stdin', stdin: verse },
  { name: 'p2_cli_stdin_empty', stdin: 'not to be read' },
  {
    name: 'p2_cli_splice_stdin',
    stdin: verse,
    stdout: `before splice\n${verse}\ncompleted splicing ${verse.length} bytes\n`,
  },
];
