// Arguments, environment, clocks, random bytes, exit, polling. AssemblyScript.
import * as wasi from './wasi.as';
import { equal, expect, fail, ok, refused } from './expect.as';
import { buffer, open, resultAt, utf8, write, writes } from './files.as';
import { errno } from './wasi.as';

const sizes = memory.data(8, 4);
const pointers = memory.data(64, 4);
const strings = memory.data(1024, 8);
const time = memory.data(16, 8);
const subscriptions = memory.data(192, 8);
const events = memory.data(128, 8);

function argument(index: u32): string {
  return String.UTF8.decodeUnsafe(
    load<u32>(pointers + 4 * index),
    strings + 1024 - load<u32>(pointers + 4 * index),
    true,
  );
}

export function case_args_get_multiple_arguments(): void {
  ok(wasi.args_sizes_get(sizes, sizes + 4), 'args_sizes_get');
  equal<u32>(load<u32>(sizes), 4, 'number of arguments');
  memory.fill(strings, 0xff, 1024);
  ok(wasi.args_get(pointers, strings), 'args_get');
  equal<string>(argument(1), 'first', 'argument 1');
  equal<string>(argument(2), 'the "second" arg', 'argument 2');
  equal<string>(argument(3), '3', 'argument 3');
  equal<u32>(load<u32>(pointers), strings as u32, 'the first string lies at the start of the buffer');
  equal<u8>(load<u8>(strings + load<u32>(sizes + 4) - 1), 0, 'the last byte is a NUL');
  equal<u8>(load<u8>(strings + load<u32>(sizes + 4)), 0xff, 'nothing is written behind it');
  refused(wasi.args_get(pointers, 0xfffffff0), errno.fault, 'a buffer outside of the memory');
}

export function case_args_sizes_get_multiple_arguments(): void {
  ok(wasi.args_sizes_get(sizes, sizes + 4), 'args_sizes_get');
  equal<u32>(load<u32>(sizes), 4, 'number of arguments');
  // program name, "first", 'the "second" arg', "3", each with its NUL
  equal<u32>(load<u32>(sizes + 4), 8 + 6 + 17 + 2, 'bytes of arguments');
}

export function case_args_sizes_get_no_arguments(): void {
  ok(wasi.args_sizes_get(sizes, sizes + 4), 'args_sizes_get');
  equal<u32>(load<u32>(sizes), 1, 'only the program name');
  equal<u32>(load<u32>(sizes + 4), 8, 'bytes of the program name');
}

export function case_environ_get_multiple_variables(): void {
  ok(wasi.environ_sizes_get(sizes, sizes + 4), 'environ_sizes_get');
  equal<u32>(load<u32>(sizes), 3, 'number of variables');
  ok(wasi.environ_get(pointers, strings), 'environ_get');
  equal<string>(argument(0), 'a=text', 'variable a');
  equal<string>(argument(1), 'b=escap " ing', 'variable b');
  equal<string>(argument(2), 'c=new\nline', 'variable c');
}

export function case_environ_sizes_get_multiple_variables(): void {
  ok(wasi.environ_sizes_get(sizes, sizes + 4), 'environ_sizes_get');
  equal<u32>(load<u32>(sizes), 3, 'number of variables');
  equal<u32>(load<u32>(sizes + 4), 12, 'bytes of variables');
}

export function case_environ_sizes_get_no_variables(): void {
  ok(wasi.environ_sizes_get(sizes, sizes + 4), 'environ_sizes_get');
  equal<u32>(load<u32>(sizes), 0, "nothing of the host's environment");
  equal<u32>(load<u32>(sizes + 4), 0, 'no bytes');
}

export function case_fd_write_to_invalid_fd(): void {
  refused(write(4_242, 'nobody'), errno.badf, 'an unknown number');
  refused(write(0xffffffff, 'nobody'), errno.badf, 'the largest number');
}

export function case_fd_write_to_stdout(): void {
  writes(1, 'hello');
}

export function case_proc_exit_failure(): void {
  wasi.proc_exit(33);
  fail('proc_exit came back');
}

export function case_proc_exit_success(): void {
  wasi.proc_exit(0);
  fail('proc_exit came back');
}

export function case_random_get_non_zero_length(): void {
  memory.fill(buffer, 0, 64);
  ok(wasi.random_get(buffer, 32), 'random_get');
  let some: u8 = 0;
  for (let i = 0; i < 32; i++) some |= load<u8>(buffer + i);
  expect(some != 0, '32 random bytes are not all zero');
  for (let i = 32; i < 64; i++) equal<u8>(load<u8>(buffer + i), 0, 'bytes behind them stay');
}

export function case_random_get_zero_length(): void {
  store<u8>(buffer, 7);
  ok(wasi.random_get(buffer, 0), 'random_get');
  equal<u8>(load<u8>(buffer), 7, 'nothing is written');
}

export function case_big_random_buf(): void {
  const length = 100_000;
  memory.grow(2);
  const start = ((memory.size() - 2) << 16) as usize;
  ok(wasi.random_get(start, length), 'random_get into memory that has just grown');
  let zeros = 0;
  for (let i = 0; i < length; i++) if (load<u8>(start + i) == 0) zeros++;
  expect(zeros < 1_000, 'about one byte in 256 is zero');
  refused(wasi.random_get(start, 0x7fffffff), errno.fault, 'more than the memory holds');
}

function now(clock: u32): u64 {
  ok(wasi.clock_time_get(clock, 1, time), 'clock_time_get');
  return load<u64>(time);
}

export function case_clock_time_get(): void {
  const first = now(1);
  const second = now(1);
  expect(second >= first, 'the monotonic clock does not run backwards');
  ok(wasi.clock_time_get(1, 0, time), 'precision 0');
  refused(wasi.clock_time_get(99, 1, time), errno.inval, 'an unknown clock');
  refused(wasi.clock_time_get(1, 1, 0xfffffffc), errno.fault, 'a result outside of the memory');
}

export function case_clock_getres_monotonic(): void {
  ok(wasi.clock_res_get(1, time), 'clock_res_get');
  const resolution = load<u64>(time);
  expect(resolution > 0 && resolution <= 1_000_000, 'between a nanosecond and a millisecond');
}

export function case_clock_getres_realtime(): void {
  ok(wasi.clock_res_get(0, time), 'clock_res_get');
  const resolution = load<u64>(time);
  expect(resolution > 0 && resolution <= 10_000_000, 'between a nanosecond and ten milliseconds');
  refused(wasi.clock_res_get(77, time), errno.inval, 'an unknown clock');
}

export function case_clock_gettime_monotonic(): void {
  let last = now(1);
  for (let i = 0; i < 1_000; i++) {
    const next = now(1);
    expect(next >= last, 'never backwards');
    last = next;
  }
}

export function case_clock_gettime_realtime(): void {
  const time = now(0);
  expect(time > 1_700_000_000_000_000_000, 'after 2023');
  expect(time < 4_000_000_000_000_000_000, 'before 2096');
}

export function case_sched_yield(): void {
  ok(wasi.sched_yield(), 'sched_yield');
}

export function case_sock_shutdown_invalid_fd(): void {
  refused(wasi.sock_shutdown(99, 1), errno.badf, 'an unknown number');
  refused(wasi.sock_accept(99, 0, resultAt()), errno.badf, 'accepting on an unknown number');
}

export function case_sock_shutdown_not_sock(): void {
  refused(wasi.sock_shutdown(1, 3), errno.notsock, 'standard output');
  refused(wasi.sock_shutdown(wasi.root, 3), errno.notsock, 'a directory');
  refused(wasi.sock_recv(0, pointers, 0, 0, sizes, sizes + 4), errno.notsock, 'receiving');
  refused(wasi.sock_send(1, pointers, 0, 0, sizes), errno.notsock, 'sending');
  refused(wasi.sock_accept(1, 0, sizes), errno.notsock, 'accepting');
}

function subscribeTime(index: u32, userdata: u64, clock: u32, timeout: u64, flags: u16): void {
  const start = subscriptions + 48 * index;
  memory.fill(start, 0, 48);
  store<u64>(start, userdata);
  store<u32>(start + 16, clock);
  store<u64>(start + 24, timeout);
  store<u16>(start + 40, flags);
}

function subscribeFd(index: u32, userdata: u64, kind: u8, fd: u32): void {
  const start = subscriptions + 48 * index;
  memory.fill(start, 0, 48);
  store<u64>(start, userdata);
  store<u8>(start + 8, kind);
  store<u32>(start + 16, fd);
}

export function case_poll_oneoff_stdio(): void {
  // What is ready is told at once, and a late time is not.
  subscribeFd(0, 11, 2, 1);
  subscribeFd(1, 12, 2, 2);
  subscribeTime(2, 13, 1, 60_000_000_000, 0);
  ok(wasi.poll_oneoff(subscriptions, events, 3, sizes), 'poll_oneoff');
  equal<u32>(load<u32>(sizes), 2, 'both outputs are ready');
  equal<u64>(load<u64>(events), 11, 'standard output first');
  equal<u8>(load<u8>(events + 10), 2, 'for writing');
  equal<u64>(load<u64>(events + 32), 12, 'then standard error');

  // Standard input is at its end, which is ready.
  subscribeFd(0, 21, 1, 0);
  subscribeTime(1, 22, 1, 60_000_000_000, 0);
  ok(wasi.poll_oneoff(subscriptions, events, 2, sizes), 'poll_oneoff on the input');
  equal<u32>(load<u32>(sizes), 1, 'the input is ready');
  equal<u64>(load<u64>(events), 21, 'its event');
  equal<u16>(load<u16>(events + 8), 0, 'without error');

  // Time passes, relative and absolute.
  const before = now(1);
  subscribeTime(0, 31, 1, 20_000_000, 0);
  ok(wasi.poll_oneoff(subscriptions, events, 1, sizes), 'poll_oneoff on a clock');
  equal<u32>(load<u32>(sizes), 1, 'one event');
  equal<u64>(load<u64>(events), 31, 'that of the clock');
  equal<u8>(load<u8>(events + 10), 0, 'of type clock');
  expect(now(1) - before >= 20_000_000, 'not before 20 ms');
  expect(now(1) - before < 5_000_000_000, 'not seconds later');
  const later = now(0) + 10_000_000;
  subscribeTime(0, 32, 0, later, 1);
  ok(wasi.poll_oneoff(subscriptions, events, 1, sizes), 'poll_oneoff until a time of day');
  expect(now(0) >= later, 'not before that time');

  // What cannot be waited for.
  refused(wasi.poll_oneoff(subscriptions, events, 0, sizes), errno.inval, 'no subscriptions');
  subscribeFd(0, 41, 1, 999);
  ok(wasi.poll_oneoff(subscriptions, events, 1, sizes), 'poll_oneoff on an unknown number');
  equal<u16>(load<u16>(events + 8), errno.badf as u16, 'the event has the error');
  subscribeTime(0, 42, 3, 1_000, 0);
  ok(wasi.poll_oneoff(subscriptions, events, 1, sizes), 'poll_oneoff on processor time');
  equal<u16>(load<u16>(events + 8), errno.notsup as u16, 'not supported');
  store<u8>(subscriptions + 8, 9);
  refused(wasi.poll_oneoff(subscriptions, events, 1, sizes), errno.inval, 'an unknown type');
  refused(wasi.poll_oneoff(0xfffffff0, events, 1, sizes), errno.fault, 'outside of the memory');
}

export function case_isatty(): void {
  ok(wasi.fd_fdstat_get(1, strings), 'fdstat of standard output');
  expect(load<u8>(strings) != wasi.filetype.characterDevice, 'no terminal');
  ok(open(wasi.root, 'tty', wasi.oflag.creat, wasi.right.read | wasi.right.write), 'a file');
  const fd = load<u32>(resultAt());
  ok(wasi.fd_fdstat_get(fd, strings), 'fdstat of a file');
  equal<u8>(load<u8>(strings), wasi.filetype.regularFile, 'a file is no terminal');
  ok(wasi.fd_close(fd), 'closing');
}

export function case_stdio(): void {
  // Each of the three can be moved away, and its number then is free.
  const path = utf8('stdio');
  for (let from: u32 = 0; from < 3; from++) {
    ok(open(wasi.root, 'stdio', wasi.oflag.creat), 'a descriptor to replace');
    const to = load<u32>(resultAt());
    ok(wasi.fd_renumber(from, to), 'renumbering');
    ok(wasi.fd_fdstat_get(to, strings), 'the new number');
    refused(wasi.fd_fdstat_get(from, strings), errno.badf, 'the old number');
    if (from == 1) {
      writes(to, 'moved');
    }
    ok(wasi.path_unlink_file(wasi.root, changetype<usize>(path), path.byteLength), 'unlinking');
  }
}
