// What the guests of this folder import, and the numbers of preview1. AssemblyScript.

@external("wasi_snapshot_preview1", "args_get") export declare function args_get(argv: usize, buffer: usize): u32;
@external("wasi_snapshot_preview1", "args_sizes_get") export declare function args_sizes_get(count: usize, bytes: usize): u32;
@external("wasi_snapshot_preview1", "environ_get") export declare function environ_get(environ: usize, buffer: usize): u32;
@external("wasi_snapshot_preview1", "environ_sizes_get") export declare function environ_sizes_get(count: usize, bytes: usize): u32;
@external("wasi_snapshot_preview1", "clock_res_get") export declare function clock_res_get(id: u32, result: usize): u32;
@external("wasi_snapshot_preview1", "clock_time_get") export declare function clock_time_get(id: u32, precision: u64, result: usize): u32;
@external("wasi_snapshot_preview1", "fd_advise") export declare function fd_advise(fd: u32, offset: u64, length: u64, advice: u32): u32;
@external("wasi_snapshot_preview1", "fd_allocate") export declare function fd_allocate(fd: u32, offset: u64, length: u64): u32;
@external("wasi_snapshot_preview1", "fd_close") export declare function fd_close(fd: u32): u32;
@external("wasi_snapshot_preview1", "fd_datasync") export declare function fd_datasync(fd: u32): u32;
@external("wasi_snapshot_preview1", "fd_fdstat_get") export declare function fd_fdstat_get(fd: u32, result: usize): u32;
@external("wasi_snapshot_preview1", "fd_fdstat_set_flags") export declare function fd_fdstat_set_flags(fd: u32, flags: u32): u32;
@external("wasi_snapshot_preview1", "fd_fdstat_set_rights") export declare function fd_fdstat_set_rights(fd: u32, base: u64, inheriting: u64): u32;
@external("wasi_snapshot_preview1", "fd_filestat_get") export declare function fd_filestat_get(fd: u32, result: usize): u32;
@external("wasi_snapshot_preview1", "fd_filestat_set_size") export declare function fd_filestat_set_size(fd: u32, size: u64): u32;
@external("wasi_snapshot_preview1", "fd_filestat_set_times") export declare function fd_filestat_set_times(fd: u32, atim: u64, mtim: u64, flags: u32): u32;
@external("wasi_snapshot_preview1", "fd_pread") export declare function fd_pread(fd: u32, iovs: usize, count: u32, offset: u64, result: usize): u32;
@external("wasi_snapshot_preview1", "fd_prestat_get") export declare function fd_prestat_get(fd: u32, result: usize): u32;
@external("wasi_snapshot_preview1", "fd_prestat_dir_name") export declare function fd_prestat_dir_name(fd: u32, path: usize, length: u32): u32;
@external("wasi_snapshot_preview1", "fd_pwrite") export declare function fd_pwrite(fd: u32, iovs: usize, count: u32, offset: u64, result: usize): u32;
@external("wasi_snapshot_preview1", "fd_read") export declare function fd_read(fd: u32, iovs: usize, count: u32, result: usize): u32;
@external("wasi_snapshot_preview1", "fd_readdir") export declare function fd_readdir(fd: u32, buffer: usize, length: u32, cookie: u64, result: usize): u32;
@external("wasi_snapshot_preview1", "fd_renumber") export declare function fd_renumber(from: u32, to: u32): u32;
@external("wasi_snapshot_preview1", "fd_seek") export declare function fd_seek(fd: u32, offset: i64, whence: u32, result: usize): u32;
@external("wasi_snapshot_preview1", "fd_sync") export declare function fd_sync(fd: u32): u32;
@external("wasi_snapshot_preview1", "fd_tell") export declare function fd_tell(fd: u32, result: usize): u32;
@external("wasi_snapshot_preview1", "fd_write") export declare function fd_write(fd: u32, iovs: usize, count: u32, result: usize): u32;
@external("wasi_snapshot_preview1", "path_create_directory") export declare function path_create_directory(fd: u32, path: usize, length: u32): u32;
@external("wasi_snapshot_preview1", "path_filestat_get") export declare function path_filestat_get(fd: u32, flags: u32, path: usize, length: u32, result: usize): u32;
@external("wasi_snapshot_preview1", "path_filestat_set_times") export declare function path_filestat_set_times(fd: u32, flags: u32, path: usize, length: u32, atim: u64, mtim: u64, which: u32): u32;
@external("wasi_snapshot_preview1", "path_link") export declare function path_link(fd: u32, flags: u32, path: usize, length: u32, newFd: u32, newPath: usize, newLength: u32): u32;
@external("wasi_snapshot_preview1", "path_open") export declare function path_open(fd: u32, lookup: u32, path: usize, length: u32, oflags: u32, base: u64, inheriting: u64, fdflags: u32, result: usize): u32;
@external("wasi_snapshot_preview1", "path_readlink") export declare function path_readlink(fd: u32, path: usize, length: u32, buffer: usize, bufferLength: u32, result: usize): u32;
@external("wasi_snapshot_preview1", "path_remove_directory") export declare function path_remove_directory(fd: u32, path: usize, length: u32): u32;
@external("wasi_snapshot_preview1", "path_rename") export declare function path_rename(fd: u32, path: usize, length: u32, newFd: u32, newPath: usize, newLength: u32): u32;
@external("wasi_snapshot_preview1", "path_symlink") export declare function path_symlink(target: usize, targetLength: u32, fd: u32, path: usize, length: u32): u32;
@external("wasi_snapshot_preview1", "path_unlink_file") export declare function path_unlink_file(fd: u32, path: usize, length: u32): u32;
@external("wasi_snapshot_preview1", "poll_oneoff") export declare function poll_oneoff(subscriptions: usize, events: usize, count: u32, result: usize): u32;
@external("wasi_snapshot_preview1", "proc_exit") export declare function proc_exit(code: u32): void;
@external("wasi_snapshot_preview1", "random_get") export declare function random_get(buffer: usize, length: u32): u32;
@external("wasi_snapshot_preview1", "sched_yield") export declare function sched_yield(): u32;
@external("wasi_snapshot_preview1", "sock_accept") export declare function sock_accept(fd: u32, flags: u32, result: usize): u32;
@external("wasi_snapshot_preview1", "sock_recv") export declare function sock_recv(fd: u32, iovs: usize, count: u32, flags: u32, result: usize, resultFlags: usize): u32;
@external("wasi_snapshot_preview1", "sock_send") export declare function sock_send(fd: u32, iovs: usize, count: u32, flags: u32, result: usize): u32;
@external("wasi_snapshot_preview1", "sock_shutdown") export declare function sock_shutdown(fd: u32, how: u32): u32;

export namespace errno {
  export const success: u32 = 0;
  export const acces: u32 = 2;
  export const again: u32 = 6;
  export const badf: u32 = 8;
  export const busy: u32 = 10;
  export const exist: u32 = 20;
  export const fault: u32 = 21;
  export const fbig: u32 = 22;
  export const ilseq: u32 = 25;
  export const inval: u32 = 28;
  export const isdir: u32 = 31;
  export const loop: u32 = 32;
  export const mfile: u32 = 33;
  export const nametoolong: u32 = 37;
  export const noent: u32 = 44;
  export const nosys: u32 = 52;
  export const notdir: u32 = 54;
  export const notempty: u32 = 55;
  export const notsock: u32 = 57;
  export const notsup: u32 = 58;
  export const perm: u32 = 63;
  export const rofs: u32 = 69;
  export const spipe: u32 = 70;
  export const notcapable: u32 = 76;
}

export namespace right {
  export const read: u64 = 1 << 1;
  export const seek: u64 = 1 << 2;
  export const setFlags: u64 = 1 << 3;
  export const sync: u64 = 1 << 4;
  export const tell: u64 = 1 << 5;
  export const write: u64 = 1 << 6;
  export const advise: u64 = 1 << 7;
  export const allocate: u64 = 1 << 8;
  export const createDirectory: u64 = 1 << 9;
  export const createFile: u64 = 1 << 10;
  export const linkSource: u64 = 1 << 11;
  export const linkTarget: u64 = 1 << 12;
  export const open: u64 = 1 << 13;
  export const readdir: u64 = 1 << 14;
  export const readlink: u64 = 1 << 15;
  export const renameSource: u64 = 1 << 16;
  export const renameTarget: u64 = 1 << 17;
  export const pathStat: u64 = 1 << 18;
  export const pathSetSize: u64 = 1 << 19;
  export const pathSetTimes: u64 = 1 << 20;
  export const stat: u64 = 1 << 21;
  export const setSize: u64 = 1 << 22;
  export const setTimes: u64 = 1 << 23;
  export const symlink: u64 = 1 << 24;
  export const removeDirectory: u64 = 1 << 25;
  export const unlink: u64 = 1 << 26;
  export const poll: u64 = 1 << 27;
  /** All of them. */
  export const all: u64 = (1 << 28) - 1;
  /** A directory is not opened for writing. */
  export const ofDirectory: u64 = all & ~write;
}

export namespace oflag {
  export const creat: u32 = 1;
  export const directory: u32 = 2;
  export const excl: u32 = 4;
  export const trunc: u32 = 8;
}

export namespace fdflag {
  export const append: u32 = 1;
  export const dsync: u32 = 2;
  export const nonblock: u32 = 4;
  export const rsync: u32 = 8;
  export const sync: u32 = 16;
}

export namespace fstflag {
  export const atim: u32 = 1;
  export const atimNow: u32 = 2;
  export const mtim: u32 = 4;
  export const mtimNow: u32 = 8;
}

export namespace filetype {
  export const unknown: u8 = 0;
  export const characterDevice: u8 = 2;
  export const directory: u8 = 3;
  export const regularFile: u8 = 4;
  export const symbolicLink: u8 = 7;
}

export namespace whence {
  export const set: u32 = 0;
  export const cur: u32 = 1;
  export const end: u32 = 2;
}

export const follow: u32 = 1;
export const root: u32 = 3;
