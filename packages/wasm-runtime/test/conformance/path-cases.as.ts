// Opening, creating, renaming and removing by path. AssemblyScript.
import * as wasi from './wasi.as';
import { equal, expect, ok, refused, refusedWith } from './expect.as';
import {
  at,
  buffer,
  close,
  createDirectory,
  createFile,
  createText,
  fdBase,
  fdFlags,
  fdInheriting,
  fdKind,
  fdstatOf,
  inode,
  kind,
  link,
  links,
  modified,
  open,
  opened,
  opens,
  preads,
  read,
  reads,
  removeDirectory,
  rename,
  setTimes,
  size,
  stat,
  statOf,
  symlink,
  unlink,
  utf8,
  workDirectory,
  write,
  writes,
} from './files.as';
import { errno, fdflag, filetype, follow, fstflag, oflag, right, root } from './wasi.as';

export function case_interesting_paths(): void {
  ok(createDirectory(root, 'dir'), 'a directory');
  ok(createDirectory(root, 'dir/nested'), 'one in it');
  createText(root, 'dir/nested/file', 'found');
  close(opens(root, 'dir/nested/file'));
  close(opens(root, 'dir/.//nested/../../dir/nested/../nested///./file'));
  refused(open(root, '/dir/nested/file'), errno.perm, 'an absolute path');
  refused(open(root, 'dir/nested/file\0'), errno.inval, 'NUL at the end');
  refused(open(root, 'dir\0/nested/file'), errno.inval, 'NUL in the midst');
  refused(open(root, ''), errno.noent, 'an empty path');
  refused(open(root, 'dir/nested/file/'), errno.notdir, 'a slash behind a file');
  refused(open(root, 'dir/nested/file///'), errno.notdir, 'many slashes behind a file');
  refused(open(root, 'dir/nested/file/.'), errno.notdir, 'a file as a directory');
  close(opens(root, 'dir/nested/'));
  close(opens(root, 'dir/nested///'));
  refused(open(root, 'dir/nested/../../..'), errno.perm, 'above the root');
  refused(open(root, '..'), errno.perm, 'just above the root');
  refused(open(root, 'dir/../../' + 'dir'), errno.perm, 'above the root and down again');
  const bytes = utf8('xx');
  store<u8>(at(bytes), 0xff);
  refused(wasi.path_open(root, 0, at(bytes), 2, 0, 0, 0, 0, buffer), errno.ilseq, 'a path that is no UTF-8');
  refused(open(root, 'n'.repeat(256)), errno.nametoolong, 'a name of 256 bytes');
  refused(open(root, './'.repeat(2_100) + 'x'), errno.nametoolong, 'a path of 4,201 bytes');
  refused(wasi.path_open(root, 0, 0xfffffff0, 100, 0, 0, 0, 0, buffer), errno.fault, 'outside of the memory');
}

export function case_path_exists(): void {
  refused(stat(root, 'missing'), errno.noent, 'what is missing');
  createFile(root, 'file');
  ok(stat(root, 'file'), 'a file');
  equal<u8>(kind(), filetype.regularFile, 'its type');
  ok(createDirectory(root, 'sub'), 'a directory');
  ok(stat(root, 'sub'), 'a directory');
  equal<u8>(kind(), filetype.directory, 'its type');
  createFile(root, 'sub/file');
  ok(symlink('sub/file', root, 'to-file'), 'a link to a file');
  ok(stat(root, 'to-file'), 'the link itself');
  equal<u8>(kind(), filetype.symbolicLink, 'its type');
  ok(stat(root, 'to-file', follow), 'what it leads to');
  equal<u8>(kind(), filetype.regularFile, 'its type');
  ok(symlink('sub', root, 'to-dir'), 'a link to a directory');
  ok(stat(root, 'to-dir'), 'the link itself');
  equal<u8>(kind(), filetype.symbolicLink, 'its type');
  ok(stat(root, 'to-dir', follow), 'what it leads to');
  equal<u8>(kind(), filetype.directory, 'its type');
  ok(stat(root, 'to-dir/file'), 'a file through it');
}

export function case_path_filestat(): void {
  const rights = right.read | right.write | right.pathStat;
  const file = opens(root, 'file', oflag.creat, rights, 0, fdflag.append | fdflag.sync);
  fdstatOf(file);
  equal<u16>(fdFlags(), (fdflag.append | fdflag.sync) as u16, 'flags of opening');
  ok(stat(root, 'file'), 'stat');
  equal<u64>(size(), 0, 'empty');
  const mtim = modified() - 100;
  ok(setTimes(root, 'file', 0, mtim, fstflag.mtim), 'setting a time');
  ok(stat(root, 'file'), 'stat');
  equal<u64>(modified(), mtim, 'exact to the nanosecond');
  refused(setTimes(root, 'file', 0, mtim, fstflag.mtim | fstflag.mtimNow), errno.inval, 'twice');
  refused(setTimes(root, 'missing', 0, mtim, fstflag.mtim), errno.noent, 'of what is missing');
  ok(stat(root, 'file'), 'stat');
  equal<u64>(modified(), mtim, 'unchanged');
  ok(setTimes(root, 'file', 0, 0, fstflag.mtimNow), 'now');
  ok(stat(root, 'file'), 'stat');
  expect(modified() > mtim, 'is later');
  const reader = opens(root, 'file', 0, right.read, 0, fdflag.sync);
  fdstatOf(reader);
  equal<u16>(fdFlags() & (fdflag.append as u16), 0, 'not appending');
  ok(setTimes(root, '.', 0, mtim, fstflag.mtim), 'of the directory itself');
  ok(stat(root, '.'), 'stat');
  equal<u64>(modified(), mtim, 'of the directory itself');
}

export function case_path_open_create_existing(): void {
  createFile(root, 'file');
  refused(open(root, 'file', oflag.creat | oflag.excl), errno.exist, 'exclusively');
  close(opens(root, 'file', oflag.creat));
  ok(symlink('missing', root, 'link'), 'a link to nothing');
  refused(
    open(root, 'link', oflag.creat | oflag.excl, 0, 0, 0, follow),
    errno.exist,
    'exclusively through a link',
  );
  refused(stat(root, 'missing'), errno.noent, 'nothing was created');
}

export function case_path_open_dirfd_not_dir(): void {
  const file = opens(root, 'file', oflag.creat, right.all);
  refused(open(file, 'x', oflag.creat), errno.notdir, 'below a file');
  refused(open(1, 'x', oflag.creat), errno.notdir, 'below standard output');
  refused(open(99, 'x', oflag.creat), errno.badf, 'below nothing');
  refused(createDirectory(file, 'x'), errno.notdir, 'creating below a file');
}

export function case_path_open_missing(): void {
  refused(open(root, 'file'), errno.noent, 'a missing file');
  refused(open(root, 'dir/file', oflag.creat), errno.noent, 'in a missing directory');
  refused(open(root, 'dir', oflag.directory), errno.noent, 'a missing directory');
}

export function case_path_open_nonblock(): void {
  const directory = opens(root, '.', 0, 0, 0, fdflag.nonblock);
  fdstatOf(directory);
  equal<u8>(fdKind(), filetype.directory, 'a directory');
}

export function case_path_open_preopen(): void {
  fdstatOf(root);
  equal<u8>(fdKind(), filetype.directory, 'a directory');
  const base = fdBase();
  const inheriting = fdInheriting();
  const ofDirectories =
    right.createDirectory |
    right.createFile |
    right.linkSource |
    right.linkTarget |
    right.open |
    right.readdir |
    right.readlink |
    right.renameSource |
    right.renameTarget |
    right.symlink |
    right.removeDirectory |
    right.unlink |
    right.pathStat |
    right.pathSetTimes |
    right.stat |
    right.setTimes;
  equal<u64>(base & ofDirectories, ofDirectories, 'rights on the preopen');
  const handedOn =
    ofDirectories |
    right.read |
    right.write |
    right.seek |
    right.tell |
    right.sync |
    right.setFlags |
    right.advise |
    right.allocate |
    right.setSize |
    right.poll;
  equal<u64>(inheriting & handedOn, handedOn, 'rights it hands on');
  close(opens(root, '.', 0, base, inheriting));
  close(opens(root, '.'));
  close(opens(root, '.', oflag.directory));
  close(opens(root, '.', oflag.directory, right.read));
  refused(open(root, '.', oflag.directory, right.read | right.write), errno.isdir, 'a directory for writing');
}

export function case_path_open_read_write(): void {
  createFile(root, 'file');
  const reader = opens(root, 'file', 0, right.read);
  fdstatOf(reader);
  equal<u64>(fdBase() & (right.read | right.write), right.read, 'reading only');
  reads(reader, 10, '');
  refused(write(reader, 'x'), errno.notcapable, 'writing');
  const writer = opens(root, 'file', 0, right.write);
  fdstatOf(writer);
  equal<u64>(fdBase() & (right.read | right.write), right.write, 'writing only');
  refused(read(writer, 10), errno.notcapable, 'reading');
  writes(writer, 'written');
  const both = opens(root, 'file', 0, right.read | right.write | right.stat);
  reads(both, 7, 'written');
  writes(both, ' twice');
  statOf(both);
  equal<u64>(size(), 13, 'size of both');
  reads(reader, 20, 'written twice');
}

export function case_path_rename(): void {
  const directory = workDirectory('work');
  ok(createDirectory(directory, 'source'), 'a directory');
  ok(rename(directory, 'source', directory, 'target'), 'to a free name');
  refused(open(directory, 'source', oflag.directory), errno.noent, 'the old name');
  close(opens(directory, 'target', oflag.directory));

  ok(createDirectory(directory, 'source'), 'another');
  ok(rename(directory, 'source', directory, 'target'), 'over an empty directory');
  refused(open(directory, 'source', oflag.directory), errno.noent, 'the old name');

  ok(createDirectory(directory, 'source'), 'another');
  createFile(directory, 'target/file');
  refused(rename(directory, 'source', directory, 'target'), errno.notempty, 'over one with a file in it');
  createFile(directory, 'plain');
  refused(rename(directory, 'source', directory, 'plain'), errno.notdir, 'a directory over a file');
  refused(rename(directory, 'plain', directory, 'source'), errno.isdir, 'a file over a directory');
  ok(removeDirectory(directory, 'source'), 'the source is still there');

  createText(directory, 'second', 'of second');
  ok(rename(directory, 'second', directory, 'plain'), 'a file over a file');
  refused(open(directory, 'second'), errno.noent, 'the old name');
  reads(opens(directory, 'plain', 0, right.read), 20, 'of second');
  ok(rename(directory, 'plain', root, 'elsewhere'), 'into another directory');
  reads(opens(root, 'elsewhere', 0, right.read), 20, 'of second');
  refused(rename(directory, 'missing', directory, 'x'), errno.noent, 'what is missing');
  refused(rename(directory, '.', root, 'x'), errno.busy, 'the directory itself');
}

export function case_path_rename_dir_trailing_slashes(): void {
  ok(createDirectory(root, 'source'), 'a directory');
  ok(rename(root, 'source/', root, 'target'), 'a slash behind the source');
  ok(rename(root, 'target', root, 'source/'), 'behind the target');
  ok(rename(root, 'source/', root, 'target/'), 'behind both');
  createFile(root, 'file');
  refused(rename(root, 'file/', root, 'x'), errno.notdir, 'behind a file');
  refused(rename(root, 'file', root, 'x/'), errno.notdir, 'a file to a name with a slash');
}

export function case_remove_directory_trailing_slashes(): void {
  ok(createDirectory(root, 'dir'), 'a directory');
  ok(removeDirectory(root, 'dir'), 'without a slash');
  ok(createDirectory(root, 'dir'), 'again');
  ok(removeDirectory(root, 'dir/'), 'with a slash');
  createFile(root, 'file');
  refused(removeDirectory(root, 'file'), errno.notdir, 'a file');
  refused(removeDirectory(root, 'file/'), errno.notdir, 'a file with a slash');
  ok(createDirectory(root, 'made/'), 'creating with a slash');
  ok(stat(root, 'made'), 'is there');
}

export function case_remove_nonempty_directory(): void {
  ok(createDirectory(root, 'dir'), 'a directory');
  ok(createDirectory(root, 'dir/nested'), 'with one in it');
  refused(removeDirectory(root, 'dir'), errno.notempty, 'not empty');
  ok(removeDirectory(root, 'dir/nested'), 'the inner one');
  ok(removeDirectory(root, 'dir'), 'the outer one');
  refused(removeDirectory(root, 'dir'), errno.noent, 'twice');
}

export function case_truncation_rights(): void {
  const directory = workDirectory('work');
  createText(directory, 'file', 'content');
  fdstatOf(directory);
  equal<u64>(fdBase() & right.setSize, 0, 'a directory has no size to set');
  expect((fdBase() & right.pathSetSize) != 0, 'but may truncate by path');
  close(opens(directory, 'file', oflag.trunc));
  ok(stat(directory, 'file'), 'stat');
  equal<u64>(size(), 0, 'truncated');
  const inheriting = fdInheriting() & ~right.setSize;
  ok(wasi.fd_fdstat_set_rights(directory, fdBase(), inheriting), 'dropping what it hands on');
  close(opens(directory, 'file', oflag.trunc));
  const file = opens(directory, 'file', 0, right.write | right.setSize);
  refused(wasi.fd_filestat_set_size(file, 1), errno.notcapable, 'setting a size without the right');
  ok(wasi.fd_fdstat_set_rights(directory, fdBase() & ~right.pathSetSize, inheriting), 'dropping its own');
  fdstatOf(directory);
  equal<u64>(fdBase() & right.pathSetSize, 0, 'is gone');
  refused(open(directory, 'file', oflag.trunc), errno.notcapable, 'truncating');
}

export function case_unlink_file_trailing_slashes(): void {
  ok(createDirectory(root, 'dir'), 'a directory');
  refused(unlink(root, 'dir'), errno.isdir, 'a directory');
  refused(unlink(root, 'dir/'), errno.isdir, 'with a slash');
  createFile(root, 'file');
  refused(unlink(root, 'file/'), errno.notdir, 'a file with a slash');
  ok(unlink(root, 'file'), 'a file');
  refused(unlink(root, 'file'), errno.noent, 'twice');
  refused(unlink(root, '.'), errno.isdir, 'the directory itself');
}
