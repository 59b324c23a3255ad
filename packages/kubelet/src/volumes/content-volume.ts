import type { Clock } from '../node/clock.ts';
import type { AbortOptions } from '../provider.ts';
import type { AnchoredDirectory } from './anchored-directory.ts';
import { writeAtomically } from './atomic-writer.ts';
import type { ContentReader } from './content.ts';
import { startLiveUpdate } from './live-update.ts';
import type { Payload } from './payload.ts';
import { checkPayload } from './payload.ts';

export interface ContentVolumeOptions {
  readonly name: string;
  readonly read: ContentReader;
  /** Opens the volume's directory, which is made when it is not there. */
  readonly open: () => Promise<AnchoredDirectory>;
  readonly clock: Clock;
  /** Told when an update in the background fails: the files stay as they are. */
  readonly onFailure: (error: unknown) => void;
}

/** A volume whose files follow their sources. Disposing ends that and leaves the files. */
export interface ContentVolume extends AsyncDisposable {
  /** What the files are now. */
  readonly payload: Payload;
  /** Something that the files come from may have changed. */
  changed(): void;
}

/** Writes the files a first time, then keeps them up to date in the background. */
export async function mountContentVolume(
  options: ContentVolumeOptions,
  abort: AbortOptions,
): Promise<ContentVolume> {
  const { name, read, open, clock, onFailure } = options;
  let payload: Payload = new Map();

  const update = async (signal: AbortOptions): Promise<Date | undefined> => {
    const content = await read(signal);
    checkPayload(name, content.payload);
    await using directory = await open();
    await writeAtomically(directory, content.payload, clock.now());
    payload = content.payload;
    return content.due;
  };

  const due = await update(abort);
  const live = startLiveUpdate({ update, due, onFailure, clock });
  return {
    get payload() {
      return payload;
    },
    changed: live.changed,
    [Symbol.asyncDispose]: () => live[Symbol.asyncDispose](),
  };
}
