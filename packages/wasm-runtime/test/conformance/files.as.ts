// WASI's file calls with strings for pointers. AssemblyScript.
import * as wasi from './wasi.as';
import { equal, ok } from './expect.as';
import { errno, fdflag, filetype, oflag, right, root } from './wasi.as';

/** Bytes that `read` and `pread` bring. */
export const buffer = memory.data(65536, 8);
/** Number of bytes that the last data call moved, or of the last `readlink`. */
export function moved(): u32 {
  return load<u32>(result);
}

const result = memory.data(16, 8);
const vectors = memory.data(16, 4);
const statRecord = memory.data(64, 8);
const fdstatRecord = memory.data(24, 8);

export function at(path: ArrayBuffer): usize {
  return changetype<usize>(path);
}

export function utf8(text: string): ArrayBuffer {
  return String.UTF8.encode(text);
}

/** Its errno; the new descriptor is told by `opened`. */
export function open(
  directory: u32,
  path: string,
  oflags: u32 = 0,
  base: u64 = 0,
  inheriting: u64 = 0,
  fdflags: u32 = 0,
  lookup: u32 = 0,
): u32 {
  const bytes = utf8(path);
  return wasi.path_open(
    directory,
    lookup,
    at(bytes),
    bytes.byteLength,
    oflags,
    base,
    inheriting,
    fdflags,
    result,
  );
}

export function opened(): u32 {
  return load<u32>(result);
}

/** Opens what has to open. */
export function opens(
  directory: u32,
  path: string,
  oflags: u32 = 0,
  base: u64 = 0,
  inheriting: u64 = 0,
  fdflags: u32 = 0,
  lookup: u32 = 0,
): u32 {
  ok(open(directory, path, oflags, base, inheriting, fdflags, lookup), 'opening ' + path);
  return opened();
}

/** A fresh directory to work in, with every right. */
export function workDirectory(name: string): u32 {
  ok(createDirectory(root, name), 'creating ' + name);
  return opens(root, name, oflag.directory, right.ofDirectory, right.all);
}

export function close(fd: u32): void {
  ok(wasi.fd_close(fd), 'closing ' + fd.toString());
}

/** Creates an empty file. */
export function createFile(directory: u32, path: string): void {
  close(opens(directory, path, oflag.creat, 0, 0));
}

/** Creates a file with a text in it. */
export function createText(directory: u32, path: string, text: string): void {
  const fd = opens(directory, path, oflag.creat | oflag.trunc, right.write);
  writes(fd, text);
  close(fd);
}

export function write(fd: u32, text: string): u32 {
  const bytes = utf8(text);
  oneVector(at(bytes), bytes.byteLength);
  return wasi.fd_write(fd, vectors, 1, result);
}

export function writes(fd: u32, text: string): void {
  ok(write(fd, text), 'writing');
  equal<u32>(moved(), String.UTF8.byteLength(text) as u32, 'bytes written');
}

export function pwrite(fd: u32, text: string, offset: u64): u32 {
  const bytes = utf8(text);
  oneVector(at(bytes), bytes.byteLength);
  return wasi.fd_pwrite(fd, vectors, 1, offset, result);
}

export function read(fd: u32, length: u32): u32 {
  oneVector(buffer, length);
  return wasi.fd_read(fd, vectors, 1, result);
}

export function pread(fd: u32, length: u32, offset: u64): u32 {
  oneVector(buffer, length);
  return wasi.fd_pread(fd, vectors, 1, offset, result);
}

/** What is read must be this text. */
export function reads(fd: u32, length: u32, expected: string): void {
  ok(read(fd, length), 'reading');
  equal<string>(String.UTF8.decodeUnsafe(buffer, moved()), expected, 'text read');
}

export function preads(fd: u32, length: u32, offset: u64, expected: string): void {
  ok(pread(fd, length, offset), 'reading at an offset');
  equal<string>(String.UTF8.decodeUnsafe(buffer, moved()), expected, 'text read at an offset');
}

function oneVector(start: usize, length: u32): void {
  store<u32>(vectors, start as u32);
  store<u32>(vectors, length, 4);
}

/** Two halves of the buffer, or of a text, as two vectors. */
export function twoVectors(start: usize, first: u32, second: u32): usize {
  oneVector(start, first);
  store<u32>(vectors, (start + first) as u32, 8);
  store<u32>(vectors, second, 12);
  return vectors;
}

export function resultAt(): usize {
  return result;
}

export function seek(fd: u32, by: i64, whence: u32): u32 {
  return wasi.fd_seek(fd, by, whence, result);
}

export function seeks(fd: u32, by: i64, whence: u32, expected: u64): void {
  ok(seek(fd, by, whence), 'seeking');
  equal<u64>(load<u64>(result), expected, 'offset after seeking');
}

export function tells(fd: u32, expected: u64): void {
  ok(wasi.fd_tell(fd, result), 'telling');
  equal<u64>(load<u64>(result), expected, 'offset told');
}

export function createDirectory(directory: u32, path: string): u32 {
  const bytes = utf8(path);
  return wasi.path_create_directory(directory, at(bytes), bytes.byteLength);
}

export function removeDirectory(directory: u32, path: string): u32 {
  const bytes = utf8(path);
  return wasi.path_remove_directory(directory, at(bytes), bytes.byteLength);
}

export function unlink(directory: u32, path: string): u32 {
  const bytes = utf8(path);
  return wasi.path_unlink_file(directory, at(bytes), bytes.byteLength);
}

export function symlink(target: string, directory: u32, path: string): u32 {
  const to = utf8(target);
  const bytes = utf8(path);
  return wasi.path_symlink(at(to), to.byteLength, directory, at(bytes), bytes.byteLength);
}

export function link(directory: u32, path: string, to: u32, newPath: string, flags: u32 = 0): u32 {
  const from = utf8(path);
  const bytes = utf8(newPath);
  return wasi.path_link(directory, flags, at(from), from.byteLength, to, at(bytes), bytes.byteLength);
}

export function rename(directory: u32, path: string, to: u32, newPath: string): u32 {
  const from = utf8(path);
  const bytes = utf8(newPath);
  return wasi.path_rename(directory, at(from), from.byteLength, to, at(bytes), bytes.byteLength);
}

/** Into `buffer`. */
export function readlink(directory: u32, path: string, length: u32): u32 {
  const bytes = utf8(path);
  return wasi.path_readlink(directory, at(bytes), bytes.byteLength, buffer, length, result);
}

export function textRead(): string {
  return String.UTF8.decodeUnsafe(buffer, moved());
}

export function stat(directory: u32, path: string, lookup: u32 = 0): u32 {
  const bytes = utf8(path);
  return wasi.path_filestat_get(directory, lookup, at(bytes), bytes.byteLength, statRecord);
}

export function setTimes(
  directory: u32,
  path: string,
  atim: u64,
  mtim: u64,
  which: u32,
  lookup: u32 = 0,
): u32 {
  const bytes = utf8(path);
  return wasi.path_filestat_set_times(directory, lookup, at(bytes), bytes.byteLength, atim, mtim, which);
}

export function statOf(fd: u32): void {
  ok(wasi.fd_filestat_get(fd, statRecord), 'stat of a descriptor');
}

// Of the last stat.
export function device(): u64 {
  return load<u64>(statRecord);
}
export function inode(): u64 {
  return load<u64>(statRecord, 8);
}
export function kind(): u8 {
  return load<u8>(statRecord, 16);
}
export function links(): u64 {
  return load<u64>(statRecord, 24);
}
export function size(): u64 {
  return load<u64>(statRecord, 32);
}
export function accessed(): u64 {
  return load<u64>(statRecord, 40);
}
export function modified(): u64 {
  return load<u64>(statRecord, 48);
}

export function fdstatOf(fd: u32): void {
  ok(wasi.fd_fdstat_get(fd, fdstatRecord), 'fdstat');
}

// Of the last fdstat.
export function fdKind(): u8 {
  return load<u8>(fdstatRecord);
}
export function fdFlags(): u16 {
  return load<u16>(fdstatRecord, 2);
}
export function fdBase(): u64 {
  return load<u64>(fdstatRecord, 8);
}
export function fdInheriting(): u64 {
  return load<u64>(fdstatRecord, 16);
}
