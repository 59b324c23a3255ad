import type { CoreHostFunction, ResourceType } from '../component/host-interface.ts';
import type { ListedName } from '../system/listing.ts';
import { directoryOf } from './descriptor.ts';
import { descriptorKind } from './descriptor-stat.ts';
import { answeringCode, putHandle, refuse } from './error-code.ts';

/** Names that a guest's streams may hold together: of so many directories that are as large as may be. */
const directoriesHeld = 4;

/** Behind a `directory-entry-stream`: what is still to be told of a directory as it was. */
export interface EntryStream {
  readonly names: readonly ListedName[];
  next: number;
  readonly release: () => void;
}

export const entryStreamType: ResourceType<EntryStream> = {
  name: 'directory-entry-stream',
  drop: (stream) => stream.release(),
};

/** `read-directory` of `descriptor`, and the method of what it answers. */
export function directoryEntries(maxDirectoryEntries: number): Readonly<Record<string, CoreHostFunction>> {
  let held = 0;

  function listed(names: readonly ListedName[]): EntryStream {
    if (held + names.length > directoriesHeld * maxDirectoryEntries) refuse('insufficient-memory');
    held += names.length;
    return {
      names,
      next: 0,
      release: () => {
        held -= names.length;
      },
    };
  }

  return {
    '[method]descriptor.read-directory': {
      type: '(i32 i32) -> ()',
      waits: false,
      bind: (guest) => (self: number, result: number) =>
        answeringCode(guest, result, 4, () => {
          const names = directoryOf(guest, self)
            .list()
            .filter(({ name }) => name !== '.' && name !== '..');
          putHandle(guest, result, guest.handles.insert(entryStreamType, listed(names)));
        }),
    },
    '[method]directory-entry-stream.read-directory-entry': {
      type: '(i32 i32) -> ()',
      waits: false,
      bind: (guest) => (self: number, result: number) => {
        const stream = guest.handles.get(entryStreamType, self);
        const entry = stream.names[stream.next];
        const at = guest.check(result, 20, 4);
        if (entry !== undefined) {
          stream.next += 1;
          guest.storeString(at + 12, entry.name);
          guest.view().setUint8(at + 8, descriptorKind(entry.kind));
        }
        guest.view().setUint8(at + 4, entry === undefined ? 0 : 1);
        guest.view().setUint8(at, 0);
      },
    },
  };
}
