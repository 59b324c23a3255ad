// Hard and symbolic links. AssemblyScript.
import * as wasi from './wasi.as';
import { equal, expect, ok, refused, refusedWith } from './expect.as';
import {
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
  moved,
  open,
  opened,
  opens,
  reads,
  readlink,
  removeDirectory,
  setTimes,
  size,
  stat,
  statOf,
  symlink,
  textRead,
  unlink,
  workDirectory,
  writes,
} from './files.as';
import { errno, filetype, follow, fstflag, oflag, right, root } from './wasi.as';

export function case_dangling_symlink(): void {
  ok(symlink('target', root, 'link'), 'a link to nothing');
  refused(open(root, 'link', oflag.directory), errno.notdir, 'as a directory, without following');
  refused(open(root, 'link'), errno.loop, 'without following');
  refused(open(root, 'link', 0, 0, 0, 0, follow), errno.noent, 'following');
  ok(stat(root, 'link'), 'stat of the link');
  equal<u8>(kind(), filetype.symbolicLink, 'its type');
  refused(stat(root, 'link', follow), errno.noent, 'stat of its target');
  close(opens(root, 'link', oflag.creat, 0, 0, 0, follow));
  ok(stat(root, 'target'), 'creating through it creates its target');
}

export function case_nofollow_errors(): void {
  ok(createDirectory(root, 'target'), 'a directory');
  ok(symlink('target', root, 'link'), 'a link to it');
  refusedWith(open(root, 'link', oflag.directory), errno.loop, errno.notdir, 'as a directory');
  refused(open(root, 'link'), errno.loop, 'as anything');
  close(opens(root, 'link', oflag.directory, 0, 0, 0, follow));
  refused(removeDirectory(root, 'link'), errno.notdir, 'removing it as a directory');
  ok(removeDirectory(root, 'target'), 'removing the directory');
  createFile(root, 'target');
  refused(open(root, 'link'), errno.loop, 'a link to a file');
  refused(open(root, 'link', oflag.directory, 0, 0, 0, follow), errno.notdir, 'the file as a directory');
  close(opens(root, 'link', 0, 0, 0, 0, follow));
  ok(unlink(root, 'link'), 'unlinking the link');
  ok(stat(root, 'target'), 'leaves its target');
}

export function case_path_link(): void {
  const file = opens(root, 'file', oflag.creat, right.all, right.all);
  statOf(file);
  const number = inode();
  ok(link(root, 'file', root, 'link'), 'in the same directory');
  const linked = opens(root, 'link', 0, right.all & ~right.write, right.all);
  statOf(linked);
  equal<u64>(inode(), number, 'the same file');
  equal<u64>(links(), 2, 'with two names');
  ok(unlink(root, 'link'), 'unlinking one');
  statOf(file);
  equal<u64>(links(), 1, 'one is left');

  ok(createDirectory(root, 'sub'), 'a directory');
  const directory = opens(root, 'sub', oflag.directory, right.ofDirectory, right.all);
  ok(link(root, 'file', directory, 'link'), 'into another directory');
  ok(stat(root, 'sub/link'), 'is there');
  equal<u64>(inode(), number, 'the same file');

  createFile(root, 'taken');
  refused(link(root, 'file', root, 'taken'), errno.exist, 'over a file');
  refused(link(root, 'file', root, 'file'), errno.exist, 'over itself');
  refused(link(root, 'file', root, 'sub'), errno.exist, 'over a directory');
  refused(link(root, 'sub', root, 'new'), errno.perm, 'of a directory');
  refused(link(root, 'file', root, 'new/'), errno.noent, 'to a name with a slash');
  refused(link(root, 'missing', root, 'new'), errno.noent, 'of nothing');

  ok(symlink('target', root, 'symlink'), 'a link to nothing');
  ok(link(root, 'symlink', root, 'second'), 'a hard link to it');
  ok(stat(root, 'second'), 'stat');
  equal<u8>(kind(), filetype.symbolicLink, 'is a symlink, too');
  refused(link(root, 'file', root, 'symlink'), errno.exist, 'over a link to nothing');
  refused(link(root, 'symlink', root, 'third', follow), errno.inval, 'following');
}

export function case_path_symlink_trailing_slashes(): void {
  ok(symlink('source', root, 'target'), 'without a slash');
  ok(unlink(root, 'target'), 'unlinking');
  refused(symlink('source', root, 'target/'), errno.noent, 'a slash behind a free name');
  ok(createDirectory(root, 'target'), 'a directory');
  refused(symlink('source', root, 'target/'), errno.exist, 'behind a directory');
  refused(symlink('source', root, 'target'), errno.exist, 'over a directory');
  ok(removeDirectory(root, 'target'), 'removing it');
  createFile(root, 'target');
  refused(symlink('source', root, 'target/'), errno.notdir, 'behind a file');
  refused(symlink('source', root, 'target'), errno.exist, 'over a file');
  refused(symlink('', root, 'empty'), errno.noent, 'to nothing');
}

export function case_readlink(): void {
  createFile(root, 'target');
  ok(symlink('target', root, 'link'), 'a link');
  memory.fill(buffer, 0, 32);
  ok(readlink(root, 'link', 32), 'reading it');
  equal<string>(textRead(), 'target', 'its target');
  memory.fill(buffer, 0, 32);
  ok(readlink(root, 'link', 3), 'into a short buffer');
  equal<u32>(moved(), 3, 'is cut');
  equal<string>(textRead(), 'tar', 'to what fits');
  equal<u8>(load<u8>(buffer + 3), 0, 'and no more is written');
  refused(readlink(root, 'target', 32), errno.inval, 'of a file');
  refused(readlink(root, 'missing', 32), errno.noent, 'of nothing');
}

export function case_symlink_create(): void {
  createText(root, 'target', 'through the link');
  ok(symlink('target', root, 'link'), 'to a file');
  reads(opens(root, 'link', 0, right.read, 0, 0, follow), 20, 'through the link');
  ok(unlink(root, 'link'), 'unlinking');
  ok(createDirectory(root, 'dir'), 'a directory');
  ok(symlink('dir', root, 'link'), 'to a directory');
  const directory = opens(root, 'link', oflag.directory, right.ofDirectory, right.all, 0, follow);
  createFile(directory, 'file');
  ok(stat(root, 'dir/file'), 'creating through it');
  refused(symlink('/', root, 'absolute'), errno.perm, 'to the root of the file system');
  refused(symlink('/etc/passwd', root, 'absolute'), errno.perm, 'to an absolute path');
}

export function case_symlink_filestat(): void {
  createFile(root, 'file');
  ok(stat(root, 'file'), 'stat of the file');
  const fileTime = modified();
  ok(symlink('file', root, 'link'), 'a link');
  ok(stat(root, 'link'), 'stat of the link');
  equal<u64>(size(), 4, 'its size is the length of its target');
  const linkTime = modified() - 200;
  ok(setTimes(root, 'link', 0, linkTime, fstflag.mtim), "setting the link's time");
  ok(stat(root, 'link'), 'stat of the link');
  equal<u64>(modified(), linkTime, 'is set');
  ok(stat(root, 'file'), 'stat of the file');
  equal<u64>(modified(), fileTime, 'is not');
  ok(stat(root, 'link', follow), 'stat through the link');
  equal<u64>(modified(), fileTime, "is the file's");
  ok(setTimes(root, 'link', 0, linkTime, fstflag.mtim, follow), "setting the file's through the link");
  ok(stat(root, 'file'), 'stat of the file');
  equal<u64>(modified(), linkTime, 'is set now');
}

export function case_symlink_loop(): void {
  ok(symlink('loop', root, 'loop'), 'a link to itself');
  refused(open(root, 'loop'), errno.loop, 'without following');
  refused(open(root, 'loop', 0, 0, 0, 0, follow), errno.loop, 'following');
  refused(open(root, 'loop/file'), errno.loop, 'in the midst of a path');
  ok(symlink('b', root, 'a'), 'two links');
  ok(symlink('a', root, 'b'), 'to each other');
  refused(open(root, 'a', 0, 0, 0, 0, follow), errno.loop, 'following them');
  ok(readlink(root, 'a', 10), 'one can be read');
  ok(unlink(root, 'loop'), 'and unlinked');
}
