/** `fdflags`. */
export const fdflag = { append: 1, dsync: 2, nonblock: 4, rsync: 8, sync: 16, all: 31 } as const;

/** `oflags` of `path_open`. */
export const oflag = { creat: 1, directory: 2, excl: 4, trunc: 8 } as const;

/** `lookupflags`. */
export const lookup = { symlinkFollow: 1 } as const;

/** `fstflags` of the calls that set times. */
export const fstflag = { atim: 1, atimNow: 2, mtim: 4, mtimNow: 8, all: 15 } as const;

/** `filetype`. */
export const filetype = {
  unknown: 0,
  'block-device': 1,
  'character-device': 2,
  directory: 3,
  file: 4,
  socket: 6,
  symlink: 7,
} as const;

/** `clockid`. */
export const clockid = { realtime: 0, monotonic: 1, processCputime: 2, threadCputime: 3 } as const;

/** `eventtype`. */
export const eventtype = { clock: 0, fdRead: 1, fdWrite: 2 } as const;

/** `riflags` of `sock_recv`. */
export const riflag = { peek: 1, waitall: 2, all: 3 } as const;

/** `sdflags` of `sock_shutdown`. */
export const sdflag = { read: 1, write: 2, all: 3 } as const;
