// Data, offsets, attributes and numbers of descriptors. AssemblyScript.
import * as wasi from './wasi.as';
import { equal, expect, ok, refused, refusedWith } from './expect.as';
import {
  accessed,
  buffer,
  close,
  createDirectory,
  createFile,
  createText,
  device,
  fdBase,
  fdFlags,
  fdInheriting,
  fdKind,
  fdstatOf,
  inode,
  kind,
  links,
  modified,
  moved,
  open,
  opened,
  opens,
  pread,
  preads,
  pwrite,
  read,
  reads,
  removeDirectory,
  resultAt,
  seek,
  seeks,
  setTimes,
  size,
  stat,
  statOf,
  tells,
  textRead,
  twoVectors,
  unlink,
  workDirectory,
  write,
  writes,
} from './files.as';
import { errno, fdflag, filetype, fstflag, oflag, right, root, whence } from './wasi.as';

export function case_close_preopen(): void {
  const again = opens(root, '.', oflag.directory, right.ofDirectory, right.all);
  expect(again > root, 'a number of its own');
  close(root);
  fdstatOf(again);
  equal<u8>(fdKind(), filetype.directory, 'what was opened through it stays open');
  refused(wasi.fd_fdstat_get(root, buffer), errno.badf, 'the preopen is closed');
  refused(wasi.fd_prestat_get(root, buffer), errno.badf, 'and is no preopen any more');
}

export function case_overwrite_preopen(): void {
  const again = opens(root, '.', oflag.directory, right.ofDirectory, right.all);
  ok(wasi.fd_renumber(again, root), 'renumbering over the preopen');
  fdstatOf(root);
  equal<u8>(fdKind(), filetype.directory, "the preopen's number is the other directory");
  refused(wasi.fd_fdstat_get(again, buffer), errno.badf, 'whose former number is free');
  createFile(root, 'through the new one');
}

export function case_dangling_fd(): void {
  const file = opens(root, 'gone', oflag.creat, right.read | right.write);
  ok(unlink(root, 'gone'), 'unlinking an open file');
  writes(file, 'still here');
  preads(file, 20, 0, 'still here');
  createFile(root, 'gone');
  close(file);
  ok(unlink(root, 'gone'), 'unlinking the second');
  ok(createDirectory(root, 'dir'), 'a directory');
  const directory = opens(root, 'dir', oflag.directory, right.ofDirectory, right.all);
  ok(removeDirectory(root, 'dir'), 'removing an open directory');
  refused(open(directory, 'new', oflag.creat), errno.noent, 'creating in a directory that is gone');
  ok(createDirectory(root, 'dir'), 'the name is free');
  close(directory);
}

export function case_dir_fd_op_failures(): void {
  refused(wasi.fd_prestat_dir_name(root, buffer, 0), errno.nametoolong, 'a buffer too short for the name');
  store<u8>(buffer, 0);
  ok(wasi.fd_prestat_dir_name(root, buffer, 10), 'a longer buffer than needed');
  equal<u8>(load<u8>(buffer), 47, 'the name is /');
  const directory = opens(root, '.', oflag.directory, right.ofDirectory, right.all);
  refused(read(directory, 10), errno.isdir, 'fd_read');
  refused(pread(directory, 10, 0), errno.isdir, 'fd_pread');
  refused(write(directory, 'x'), errno.isdir, 'fd_write');
  refused(pwrite(directory, 'x', 0), errno.isdir, 'fd_pwrite');
  refused(seek(directory, 0, whence.cur), errno.isdir, 'fd_seek cur');
  refused(seek(directory, 0, whence.set), errno.isdir, 'fd_seek set');
  refused(seek(directory, 0, whence.end), errno.isdir, 'fd_seek end');
  refused(wasi.fd_tell(directory, resultAt()), errno.isdir, 'fd_tell');
  refusedWith(wasi.fd_allocate(directory, 0, 1), errno.notcapable, errno.badf, 'fd_allocate');
  refusedWith(wasi.fd_filestat_set_size(directory, 0), errno.notcapable, errno.inval, 'fd_filestat_set_size');
}

export function case_directory_seek(): void {
  ok(createDirectory(root, 'dir'), 'a directory');
  const directory = opens(root, 'dir', oflag.directory, right.seek);
  refused(seek(directory, 0, whence.cur), errno.isdir, 'seeking');
  fdstatOf(directory);
  equal<u8>(fdKind(), filetype.directory, 'a directory');
  equal<u64>(fdBase() & right.seek, 0, 'directories have no right to seek');
}

export function case_fd_advise(): void {
  const file = opens(root, 'file', oflag.creat, right.all);
  ok(wasi.fd_filestat_set_size(file, 100), 'growing');
  statOf(file);
  equal<u64>(size(), 100, 'size');
  for (let advice: u32 = 0; advice <= 5; advice++) ok(wasi.fd_advise(file, 10, 50, advice), 'advice');
  refused(wasi.fd_advise(file, 0, 0, 6), errno.inval, 'advice that does not exist');
  statOf(file);
  equal<u64>(size(), 100, 'size after advice');
  refused(wasi.fd_advise(77, 0, 0, 0), errno.badf, 'an unknown number');
  const directory = opens(root, '.', oflag.directory, right.ofDirectory);
  refused(wasi.fd_advise(directory, 0, 0, 0), errno.badf, 'a directory');
}

export function case_fd_fdstat_set_rights(): void {
  const file = opens(root, 'file', oflag.creat, right.read | right.write | right.seek | right.tell);
  writes(file, '1234');
  seeks(file, 0, whence.set, 0);
  reads(file, 4, '1234');
  fdstatOf(file);
  ok(wasi.fd_fdstat_set_rights(file, fdBase() & ~(right.read | right.write), fdInheriting()), 'dropping two');
  fdstatOf(file);
  equal<u64>(fdBase() & (right.read | right.write), 0, 'they are gone');
  expect((fdBase() & right.seek) != 0, 'others stay');
  refused(read(file, 4), errno.notcapable, 'reading');
  refused(write(file, 'x'), errno.notcapable, 'writing');
  refused(pread(file, 4, 0), errno.notcapable, 'reading at an offset');
  refused(pwrite(file, 'x', 0), errno.notcapable, 'writing at an offset');
  refused(wasi.fd_fdstat_set_rights(file, right.all, 0), errno.notcapable, 'taking them back');
  // What a directory may not hand on, nothing below it has.
  const directory = opens(root, '.', oflag.directory, right.ofDirectory, right.all);
  ok(wasi.fd_fdstat_set_rights(directory, right.open, right.read), 'a directory for reading only');
  const below = opens(directory, 'file', 0, right.read | right.write);
  refused(write(below, 'x'), errno.notcapable, 'writing below it');
  refused(open(directory, 'new', oflag.creat), errno.notcapable, 'creating below it');
  refused(open(directory, 'file', oflag.trunc), errno.notcapable, 'truncating below it');
}

export function case_fd_filestat_set(): void {
  const file = opens(root, 'file', oflag.creat, right.all);
  statOf(file);
  equal<u64>(size(), 0, 'empty');
  const atim = accessed();
  ok(wasi.fd_filestat_set_size(file, 100), 'growing');
  statOf(file);
  equal<u64>(size(), 100, 'grown');
  const mtim = modified() - 123_457;
  ok(wasi.fd_filestat_set_times(file, 0, mtim, fstflag.mtim), 'setting the time of modification');
  statOf(file);
  equal<u64>(modified(), mtim, 'is exact to the nanosecond');
  equal<u64>(accessed(), atim, 'the other stays');
  ok(
    wasi.fd_filestat_set_times(file, 1_000_000_001, 0, fstflag.atim | fstflag.mtimNow),
    'one given, one now',
  );
  statOf(file);
  equal<u64>(accessed(), 1_000_000_001, 'the given one');
  expect(modified() > mtim, 'the other is now');
  refused(wasi.fd_filestat_set_times(file, 0, 0, fstflag.mtim | fstflag.mtimNow), errno.inval, 'both');
  ok(wasi.fd_filestat_set_size(file, 10), 'shrinking');
  statOf(file);
  equal<u64>(size(), 10, 'shrunk');
  refused(wasi.fd_filestat_set_size(file, 0xffffffffffffffff), errno.fbig, 'a size beyond all');
}

export function case_fd_flags_set(): void {
  const rights = right.read | right.write | right.seek | right.tell | right.setFlags;
  const file = opens(root, 'file', oflag.creat, rights, 0, fdflag.append);
  fdstatOf(file);
  equal<u16>(fdFlags(), fdflag.append as u16, 'appending');
  writes(file, 'first,');
  seeks(file, 0, whence.set, 0);
  writes(file, 'second,');
  tells(file, 13);
  preads(file, 20, 0, 'first,second,');
  ok(wasi.fd_fdstat_set_flags(file, 0), 'no longer appending');
  fdstatOf(file);
  equal<u16>(fdFlags(), 0, 'no flags');
  seeks(file, 0, whence.set, 0);
  writes(file, 'FIRST');
  tells(file, 5);
  preads(file, 20, 0, 'FIRST,second,');
  ok(wasi.fd_fdstat_set_flags(file, fdflag.append), 'appending again');
  tells(file, 5);
  writes(file, 'third');
  preads(file, 20, 0, 'FIRST,second,third');
  refused(wasi.fd_fdstat_set_flags(file, 32), errno.inval, 'a flag that does not exist');
  refused(wasi.fd_fdstat_set_flags(file, fdflag.sync), errno.notsup, 'a flag for opening only');
}

const bytesNeeded = memory.data(8, 8);

export function case_fd_readdir(): void {
  const directory = workDirectory('listing');
  statOf(directory);
  const self = inode();
  ok(wasi.fd_readdir(directory, buffer, 4096, 0, bytesNeeded), 'listing an empty directory');
  equal<u32>(load<u32>(bytesNeeded), 24 + 1 + 24 + 2, '. and ..');
  equal<u64>(load<u64>(buffer + 8), self, 'inode of .');
  equal<u8>(load<u8>(buffer + 20), filetype.directory, 'type of .');
  equal<u8>(load<u8>(buffer + 24), 46, 'name of .');

  createFile(directory, 'file');
  ok(stat(directory, 'file'), 'stat');
  const file = inode();
  ok(wasi.fd_readdir(directory, buffer, 4096, 2, bytesNeeded), 'going on behind ..');
  equal<u32>(load<u32>(bytesNeeded), 24 + 4, 'one entry');
  equal<u64>(load<u64>(buffer + 8), file, 'its inode');
  equal<u32>(load<u32>(buffer + 16), 4, 'length of its name');
  equal<u8>(load<u8>(buffer + 20), filetype.regularFile, 'its type');
  equal<string>(String.UTF8.decodeUnsafe(buffer + 24, 4), 'file', 'its name');
  ok(unlink(directory, 'file'), 'unlinking');

  for (let i = 0; i < 100; i++) createFile(directory, 'file.' + i.toString());
  let found = 0;
  let cookie: u64 = 0;
  for (let calls = 0; calls < 200; calls++) {
    ok(wasi.fd_readdir(directory, buffer, 256, cookie, bytesNeeded), 'listing in pieces');
    const used = load<u32>(bytesNeeded);
    let at: u32 = 0;
    while (at + 24 <= used && at + 24 + load<u32>(buffer + at + 16) <= used) {
      cookie = load<u64>(buffer + at);
      at += 24 + load<u32>(buffer + at + 16);
      found++;
    }
    if (used < 256) break;
  }
  equal<i32>(found, 102, 'entries');
  refused(wasi.fd_readdir(directory, 0xfffffff0, 256, 0, bytesNeeded), errno.fault, 'outside of the memory');
  refused(wasi.fd_readdir(1, buffer, 256, 0, bytesNeeded), errno.notdir, 'no directory');
}

export function case_fdopendir_with_access(): void {
  const directory = opens(root, 'fopendir.dir', oflag.directory, right.ofDirectory, right.all);
  ok(wasi.fd_readdir(directory, buffer, 4096, 0, bytesNeeded), 'listing');
  equal<u32>(load<u32>(bytesNeeded), 25 + 26 + 30 + 30, '., .., file-0 and file-1');
}

export function case_fopen_with_access(): void {
  const file = opens(root, 'file', 0, right.read);
  reads(file, 100, 'Hello World!');
  reads(file, 100, '');
}

export function case_fopen_with_no_access(): void {
  // Without a preopen there is nothing to open.
  refused(open(root, 'file', 0, right.read), errno.badf, 'opening without a preopen');
  refused(wasi.fd_prestat_get(root, buffer), errno.badf, 'no preopen');
}

export function case_lseek(): void {
  const file = opens(root, 'lseek.txt', 0, right.all & ~right.write);
  seeks(file, 0, whence.cur, 0);
  seeks(file, 3, whence.set, 3);
  reads(file, 2, '34');
  seeks(file, -1, whence.cur, 4);
  seeks(file, 0, whence.end, 8);
  reads(file, 1, '');
  seeks(file, -2, whence.end, 6);
  reads(file, 10, '67');
  refused(seek(file, -1, whence.set), errno.inval, 'before the start');
  tells(file, 8);
}

export function case_pread_with_access(): void {
  const file = opens(root, 'pread.txt', 0, right.read | right.seek | right.tell);
  seeks(file, 4, whence.set, 4);
  preads(file, 3, 2, '234');
  tells(file, 4);
  preads(file, 10, 8, '89');
  preads(file, 10, 10, '');
  refused(pread(file, 1, 0xffffffffffffffff), errno.inval, 'an offset that is negative for the kernel');
}

export function case_pwrite_with_access(): void {
  const file = opens(root, 'writeable/pwrite', oflag.creat | oflag.trunc, right.all);
  ok(pwrite(file, 'abcdef', 0), 'writing');
  ok(pwrite(file, 'XY', 2), 'over it');
  tells(file, 0);
  preads(file, 10, 0, 'abXYef');
  ok(pwrite(file, 'end', 10), 'beyond the end');
  statOf(file);
  equal<u64>(size(), 13, 'size with the hole');
}

export function case_pwrite_with_append(): void {
  const file = opens(root, 'writeable/append', oflag.creat | oflag.trunc, right.all, 0, fdflag.append);
  writes(file, 'one');
  // Linux appends although an offset is given.
  ok(pwrite(file, 'two', 0), 'writing at an offset');
  preads(file, 10, 0, 'onetwo');
}

export function case_stat_dev_ino(): void {
  createFile(root, 'one');
  createFile(root, 'two');
  ok(stat(root, 'one'), 'stat');
  const first = inode();
  const disk = device();
  equal<u64>(links(), 1, 'one link');
  ok(stat(root, 'two'), 'stat');
  expect(inode() != first, 'two files have two inodes');
  equal<u64>(device(), disk, 'on one device');
  const file = opens(root, 'one', 0, right.all & ~right.write);
  statOf(file);
  equal<u64>(inode(), first, 'the descriptor has the same inode');
  equal<u64>(device(), disk, 'and device');
}

export function case_file_allocate(): void {
  const file = opens(root, 'file', oflag.creat, right.all);
  refused(wasi.fd_allocate(file, 0, 100), errno.notsup, 'Node has no fallocate');
  statOf(file);
  equal<u64>(size(), 0, 'nothing happened');
  refused(wasi.fd_allocate(99, 0, 1), errno.badf, 'an unknown number');
}

export function case_file_pread_pwrite(): void {
  const file = opens(root, 'file', oflag.creat, right.read | right.seek | right.tell | right.write);
  ok(pwrite(file, '0123', 0), 'pwrite');
  equal<u32>(moved(), 4, 'bytes');
  preads(file, 4, 0, '0123');
  preads(file, 4, 2, '23');
  memory.copy(buffer, changetype<usize>(String.UTF8.encode('abcd')), 4);
  ok(wasi.fd_pwrite(file, twoVectors(buffer, 2, 2), 2, 4, resultAt()), 'two vectors');
  equal<u32>(moved(), 4, 'bytes of both');
  memory.fill(buffer, 0, 16);
  ok(wasi.fd_pread(file, twoVectors(buffer, 3, 5), 2, 0, resultAt()), 'reading into two');
  equal<u32>(moved(), 8, 'bytes of both');
  equal<string>(textRead(), '0123abcd', 'text of both');
  tells(file, 0);
  refused(wasi.fd_pread(file, 0xfffffffc, 1, 0, resultAt()), errno.fault, 'vectors outside of the memory');
  refused(
    wasi.fd_pread(file, twoVectors(0xffff0000, 1, 0xffff), 2, 0, resultAt()),
    errno.fault,
    'buffers outside',
  );
  refused(wasi.fd_pread(file, twoVectors(buffer, 1, 1), 2, 0, 0xfffffffe), errno.fault, 'a result outside');
}

export function case_file_seek_tell(): void {
  const file = opens(root, 'file', oflag.creat, right.read | right.write | right.seek | right.tell);
  tells(file, 0);
  writes(file, '0123456789');
  tells(file, 10);
  seeks(file, -5, whence.cur, 5);
  reads(file, 2, '56');
  tells(file, 7);
  seeks(file, 1_000, whence.cur, 1_007);
  reads(file, 1, '');
  refused(seek(file, -2_000, whence.cur), errno.inval, 'before the start');
  tells(file, 1_007);
  refused(seek(file, 0, 3), errno.inval, 'an unknown whence');
  refused(seek(1, 0, whence.cur), errno.spipe, 'a stream');
  refused(wasi.fd_tell(1, resultAt()), errno.spipe, 'telling of a stream');
}

export function case_file_truncation(): void {
  createText(root, 'file', 'this will be gone');
  const file = opens(root, 'file', oflag.creat | oflag.trunc, right.read | right.write);
  reads(file, 100, '');
  ok(stat(root, 'file'), 'stat');
  equal<u64>(size(), 0, 'empty');
}

export function case_file_unbuffered_write(): void {
  const reader = opens(root, 'file', oflag.creat, right.read);
  const writer = opens(root, 'file', 0, right.write);
  writes(writer, 'a');
  reads(reader, 5, 'a');
  writes(writer, 'bc');
  reads(reader, 5, 'bc');
}

export function case_fstflags_validate(): void {
  createFile(root, 'file');
  ok(stat(root, 'file'), 'stat');
  const mtim = modified();
  const atim = accessed();
  refused(setTimes(root, 'file', 1, 1, fstflag.mtim | fstflag.mtimNow), errno.inval, 'mtim twice');
  refused(setTimes(root, 'file', 1, 1, fstflag.atim | fstflag.atimNow), errno.inval, 'atim twice');
  refused(setTimes(root, 'file', 1, 1, 16), errno.inval, 'a flag that does not exist');
  ok(stat(root, 'file'), 'stat');
  equal<u64>(modified(), mtim, 'untouched');
  equal<u64>(accessed(), atim, 'untouched as well');
  ok(setTimes(root, 'file', 1, 1, 0), 'nothing to do');
  ok(stat(root, 'file'), 'stat');
  equal<u64>(modified(), mtim, 'still untouched');
}

export function case_renumber(): void {
  const from = opens(root, 'one', oflag.creat, right.read | right.write);
  const to = opens(root, 'two', oflag.creat, right.read | right.write);
  writes(from, 'of one');
  fdstatOf(from);
  const base = fdBase();
  ok(wasi.fd_renumber(from, to), 'renumbering');
  refused(wasi.fd_close(from), errno.badf, 'the old number is free');
  fdstatOf(to);
  equal<u64>(fdBase(), base, 'rights move along');
  preads(to, 10, 0, 'of one');
  refused(wasi.fd_renumber(to, from), errno.badf, 'to a number that is free');
  refused(wasi.fd_renumber(99, to), errno.badf, 'from a number that is free');
  ok(wasi.fd_renumber(to, to), 'to itself');
  preads(to, 10, 0, 'of one');
  equal<u32>(opens(root, 'two'), from, 'the lowest free number is given again');
}
