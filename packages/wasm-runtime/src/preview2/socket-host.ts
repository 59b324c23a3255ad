import type { Listener } from '../system/listener.ts';
import type { Destinations } from './destinations.ts';
import type { TypedAddress } from './ip-address.ts';
import type { OpenFiles } from './open-files.ts';

/** What the sockets of one guest share. */
export interface SocketHost {
  readonly destinations: Destinations;
  readonly openFiles: OpenFiles;
  readonly closing: AbortSignal;
  /** One that was passed in for this port. */
  listenerAt(local: TypedAddress): Listener | undefined;
  /** Bytes of a closed connection are still on their way. */
  leaves(gone: Promise<void>): void;
}

/** A listening socket for a guest, which is closed with it. */
export interface PassedListenerAt {
  readonly listener: Listener;
  readonly port: number;
}
