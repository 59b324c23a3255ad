/** Rights of preview1; bits 0–28 are those of `wasi_unstable`. Numbers, which are far cheaper than the ABI's 64 bits. */
export const right = {
  fdDatasync: 1 << 0,
  fdRead: 1 << 1,
  fdSeek: 1 << 2,
  fdFdstatSetFlags: 1 << 3,
  fdSync: 1 << 4,
  fdTell: 1 << 5,
  fdWrite: 1 << 6,
  fdAdvise: 1 << 7,
  fdAllocate: 1 << 8,
  pathCreateDirectory: 1 << 9,
  pathCreateFile: 1 << 10,
  pathLinkSource: 1 << 11,
  pathLinkTarget: 1 << 12,
  pathOpen: 1 << 13,
  fdReaddir: 1 << 14,
  pathReadlink: 1 << 15,
  pathRenameSource: 1 << 16,
  pathRenameTarget: 1 << 17,
  pathFilestatGet: 1 << 18,
  pathFilestatSetSize: 1 << 19,
  pathFilestatSetTimes: 1 << 20,
  fdFilestatGet: 1 << 21,
  fdFilestatSetSize: 1 << 22,
  fdFilestatSetTimes: 1 << 23,
  pathSymlink: 1 << 24,
  pathRemoveDirectory: 1 << 25,
  pathUnlinkFile: 1 << 26,
  pollFdReadwrite: 1 << 27,
  sockShutdown: 1 << 28,
  sockAccept: 1 << 29,
} as const;

/** What can be done with a regular file. */
export const fileRights =
  right.fdDatasync |
  right.fdRead |
  right.fdSeek |
  right.fdFdstatSetFlags |
  right.fdSync |
  right.fdTell |
  right.fdWrite |
  right.fdAdvise |
  right.fdAllocate |
  right.fdFilestatGet |
  right.fdFilestatSetSize |
  right.fdFilestatSetTimes |
  right.pollFdReadwrite;

/** What can be done with a directory. */
export const directoryRights =
  right.fdDatasync |
  right.fdFdstatSetFlags |
  right.fdSync |
  right.fdAdvise |
  right.pathCreateDirectory |
  right.pathCreateFile |
  right.pathLinkSource |
  right.pathLinkTarget |
  right.pathOpen |
  right.fdReaddir |
  right.pathReadlink |
  right.pathRenameSource |
  right.pathRenameTarget |
  right.pathFilestatGet |
  right.pathFilestatSetSize |
  right.pathFilestatSetTimes |
  right.fdFilestatGet |
  right.fdFilestatSetTimes |
  right.pathSymlink |
  right.pathRemoveDirectory |
  right.pathUnlinkFile |
  right.pollFdReadwrite;

/** No seeking or telling: that is how C libraries recognise a terminal. */
const streamRights = right.fdFdstatSetFlags | right.fdFilestatGet | right.pollFdReadwrite;
export const inputRights = streamRights | right.fdRead;
export const inputFileRights = inputRights | right.fdSeek | right.fdTell | right.fdAdvise;
export const outputRights = streamRights | right.fdWrite;
export const connectionRights = streamRights | right.fdRead | right.fdWrite | right.sockShutdown;
export const listenerRights = streamRights | right.sockAccept;

/** Rights as a guest passes them; bits that mean nothing are dropped. */
export function rightsFrom(bits: bigint): number {
  return Number(BigInt.asUintN(30, bits));
}
