import type { CoreHostFunction, HostInterface } from '../component/host-interface.ts';
import type { GivenDirectory } from '../system/guest-directories.ts';
import { DirectoryDescriptor, descriptorFlag, descriptorType } from './descriptor.ts';
import { descriptorAttributes } from './descriptor-attributes.ts';
import { descriptorData } from './descriptor-data.ts';
import { directoryEntries, entryStreamType } from './directory-entries.ts';
import { errorCodeOf, numberOf } from './error-code.ts';
import type { GuestState } from './guest-state.ts';
import { ioError } from './io-resources.ts';
import type { OpenFiles } from './open-files.ts';
import { pathCalls } from './path-calls.ts';
import { pathOpen } from './path-open.ts';
import { version } from './version.ts';

/** `wasi:filesystem`: files below the directories that the guest is given. */
export function filesystemInterfaces(
  { clocks, caps }: GuestState,
  given: readonly GivenDirectory[],
  openFiles: OpenFiles,
): readonly HostInterface[] {
  return [
    {
      name: 'wasi:filesystem/types',
      version,
      resources: { descriptor: descriptorType, 'directory-entry-stream': entryStreamType },
      functions: {
        ...descriptorAttributes(clocks),
        ...descriptorData(openFiles),
        ...directoryEntries(caps.maxDirectoryEntries),
        ...pathCalls(clocks),
        ...pathOpen(openFiles),
        'filesystem-error-code': filesystemErrorCode,
      },
    },
    {
      name: 'wasi:filesystem/preopens',
      version,
      functions: { 'get-directories': getDirectories(given, openFiles) },
    },
  ];
}

const filesystemErrorCode: CoreHostFunction = {
  type: '(i32 i32) -> ()',
  waits: false,
  bind: (guest) => (error: number, result: number) => {
    const code = errorCodeOf(guest.handles.get(ioError, error).cause);
    const at = guest.check(result, 2);
    guest.view().setUint8(at, code === undefined ? 0 : 1);
    guest.view().setUint8(at + 1, code === undefined ? 0 : numberOf(code));
  },
};

/** A descriptor and its name. */
const preopenBytes = 12;

/** Each time it is asked, the guest gets descriptors of its own. */
function getDirectories(given: readonly GivenDirectory[], openFiles: OpenFiles): CoreHostFunction {
  return {
    type: '(i32) -> ()',
    waits: false,
    bind: (guest) => (result: number) => {
      const list = guest.allocate(given.length * preopenBytes, 4);
      for (const [index, { guestPath, readOnly, open }] of given.entries()) {
        const flags = descriptorFlag.read | (readOnly ? 0 : descriptorFlag.mutateDirectory);
        const descriptor = new DirectoryDescriptor(open(), flags, openFiles);
        const at = list + index * preopenBytes;
        guest.storeString(at + 4, guestPath);
        guest.view().setUint32(at, guest.handles.insert(descriptorType, descriptor), true);
      }
      const at = guest.check(result, 8, 4);
      guest.view().setUint32(at, list, true);
      guest.view().setUint32(at + 4, given.length, true);
    },
  };
}
