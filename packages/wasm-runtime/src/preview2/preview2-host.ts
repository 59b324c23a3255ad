import process from 'node:process';
import { denyAll } from '@wasmlet/egress';
import { RuntimeError } from '../errors.ts';
import { defaultCaps } from '../system/call-caps.ts';
import { encodeArguments, encodeEnvironment, encodeGuestPath } from '../system/guest-strings.ts';
import { createClocks } from '../system/clocks.ts';
import type { ExactTimes } from '../system/file-stat.ts';
import { openGuestDirectories } from '../system/guest-directories.ts';
import { createInput, emptyInput } from '../system/input.ts';
import { openInputFile } from '../system/input-file.ts';
import { createRandom } from '../system/random-bytes.ts';
import { createThreadSleep } from '../system/readiness.ts';
import { processInterfaces } from './cli-process.ts';
import { standardInterfaces } from './cli-stdio.ts';
import { clockInterfaces } from './clocks.ts';
import { createDestinations } from './destinations.ts';
import { FileSource } from './file-streams.ts';
import { filesystemInterfaces } from './filesystem.ts';
import type { GuestState } from './guest-state.ts';
import { pollInterfaces } from './io-poll.ts';
import type { InputSource } from './io-resources.ts';
import { streamsInterface } from './io-streams.ts';
import { nameLookupInterface } from './name-lookup.ts';
import { networkInterfaces } from './network.ts';
import { OpenFiles } from './open-files.ts';
import type { Preview2, Preview2Options } from './preview2.ts';
import { randomInterfaces } from './random.ts';
import type { SocketHost } from './socket-host.ts';
import { sharedInput } from './shared-input.ts';
import { StandardOutput } from './standard-output.ts';
import { FailedStreams } from './stream-results.ts';
import { tcpInterfaces } from './tcp.ts';
import { udpInterfaces } from './udp.ts';

/**
 * Makes the WASI 0.2 host of one guest, on the same files, clocks and random bytes as preview1's. Opens the mounts at
 * once.
 *
 * Throws {@link RuntimeError}: `INVALID_MOUNT` for a mount that cannot be opened (or any, on a platform without
 * `/proc/self/fd`), `INVALID_SPEC` for arguments or variables that cannot be told to a guest, and for a streamed stdin or
 * listeners with `waiting: 'sync'`.
 */
export function createPreview2(options: Preview2Options): Preview2 {
  const { args, env, mounts, maxDescriptors, stdout, stderr, tty, listeners = [] } = options;
  if (options.stdin.kind === 'stream' && options.waiting === 'sync') {
    throw new RuntimeError('INVALID_SPEC', "a streamed stdin needs waiting: 'suspend'");
  }
  if (listeners.length > 0 && options.waiting === 'sync') {
    throw new RuntimeError('INVALID_SPEC', "listeners need waiting: 'suspend'");
  }
  // What preview1 could not tell a guest is told to none.
  encodeArguments(args);
  encodeEnvironment(env);
  for (const { guestPath } of mounts) encodeGuestPath(guestPath);

  const closing = new AbortController();
  const caps = { ...defaultCaps, ...options.caps };
  const state: GuestState = {
    clocks: createClocks(),
    fillRandom: createRandom(),
    caps,
    sleep: createThreadSleep(),
    closing: closing.signal,
    failed: new FailedStreams(),
  };
  const directories = openGuestDirectories(mounts, {
    maxNames: caps.maxDirectoryEntries,
    maxBytes: caps.maxCallBytes,
  });
  const openFiles = new OpenFiles(maxDescriptors);
  const leaving = new Set<Promise<void>>();
  const close = (): void => {
    closing.abort();
    openFiles.closeAll();
    for (const { listener } of listeners) listener.close();
    directories.close();
  };
  try {
    const destinations = createDestinations(options.egress ?? denyAll, options.onDenied);
    const sockets: SocketHost = {
      destinations,
      openFiles,
      closing: closing.signal,
      listenerAt: ({ port }) => listeners.find((passed) => passed.port === port)?.listener,
      leaves(gone) {
        leaving.add(gone);
        void gone.finally(() => leaving.delete(gone));
      },
    };
    const stdin = openStdin(options, directories.exactTimes, openFiles);
    const output = (sink: typeof stdout) => new StandardOutput(sink, caps.maxCallBytes);
    const streams = { stdin, stdout: output(stdout), stderr: output(stderr), tty };
    const interfaces = [
      ...pollInterfaces(state),
      streamsInterface(state),
      ...processInterfaces({ args, env }),
      ...standardInterfaces(streams),
      ...clockInterfaces(state),
      ...randomInterfaces(state),
      ...filesystemInterfaces(state, directories.given, openFiles),
      ...networkInterfaces(),
      nameLookupInterface(state, destinations),
      ...tcpInterfaces(sockets),
      ...udpInterfaces(sockets),
    ];
    return {
      interfaces,
      close,
      async settled() {
        await Promise.all(leaving);
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}

function openStdin({ stdin }: Preview2Options, exactTimes: ExactTimes, openFiles: OpenFiles): InputSource {
  if (stdin.kind !== 'file') return sharedInput(stdin.kind === 'stream' ? createInput(stdin) : emptyInput);
  const file = openInputFile({ ...stdin, platform: process.platform }, exactTimes);
  openFiles.hold(() => file.close());
  return new FileSource(file, 0);
}
