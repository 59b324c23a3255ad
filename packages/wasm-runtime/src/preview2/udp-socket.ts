import type { SocketAddress } from '../system/connection.ts';
import { type Datagram, type DatagramSocket, openDatagramSocket } from '../system/datagram-socket.ts';
import type { Ready } from '../system/readiness.ts';
import { family, isMapped, isUnicast, isUnspecified, type TypedAddress } from './ip-address.ts';
import { NetworkRefusal, networkErrorOf, refuseNetwork } from './network-error.ts';
import type { SocketHost } from './socket-host.ts';

type State =
  | { readonly is: 'unbound' }
  | { readonly is: 'binding'; readonly settled: Promise<void> }
  | { readonly is: 'bound'; readonly socket: DatagramSocket }
  | { readonly is: 'closed'; readonly why: NetworkRefusal };

/** Behind an `incoming-datagram-stream` and an `outgoing-datagram-stream`: one of the pairs that a socket has given. */
export interface DatagramStream {
  readonly socket: UdpSocket;
  /** The one peer that it is for; absent: for all. */
  readonly remote: TypedAddress | undefined;
  /** What `check-send` has said and `send` has not used. */
  permits: number;
}

/** Behind a `udp-socket`. It has a port that is free: none is had by asking for it, and nobody is heard that may not be written to. */
export class UdpSocket {
  readonly family: number;
  readonly #host: SocketHost;
  readonly #leave: () => void;
  #state: State = { is: 'unbound' };
  #bindBegun = false;
  /** As a fresh socket of Linux has it, until it is set. */
  #hopLimit = 64;
  #current: readonly DatagramStream[] = [];
  #users = 1;

  constructor(of: number, host: SocketHost) {
    this.family = of;
    this.#host = host;
    this.#leave = host.openFiles.hold(() => this.#end());
  }

  startBind(local: TypedAddress): void {
    if (this.#bindBegun) refuseNetwork('concurrency-conflict');
    if (this.#state.is !== 'unbound') refuseNetwork('invalid-state');
    if (local.family !== this.family || !isUnicast(local) || isMapped(local))
      refuseNetwork('invalid-argument');
    if (local.port !== 0) refuseNetwork('access-denied');
    this.#state = { is: 'binding', settled: this.#bind(local.address) };
    this.#bindBegun = true;
  }

  finishBind(): void {
    if (!this.#bindBegun) refuseNetwork('not-in-progress');
    if (this.#state.is === 'binding') refuseNetwork('would-block');
    this.#bindBegun = false;
    this.requireOpen();
  }

  /** A new pair of streams, in the place of those that there were. */
  openStreams(remote: TypedAddress | undefined): readonly [DatagramStream, DatagramStream] {
    if (this.#bindBegun) refuseNetwork('concurrency-conflict');
    void this.bound;
    if (remote !== undefined) this.#requireFit(remote);
    this.#users += 2;
    const pair = [
      { socket: this, remote, permits: 0 },
      { socket: this, remote, permits: 0 },
    ] as const;
    this.#current = pair;
    return pair;
  }

  /** At most so many that have arrived for a stream. */
  receive(stream: DatagramStream, most: number): readonly Datagram[] {
    this.#requireCurrent(stream);
    const received: Datagram[] = [];
    while (received.length < most) {
      const next = this.bound.receiveNow();
      if (next === undefined) break;
      received.push(next);
    }
    return received;
  }

  /** Sends to a peer; `remote` may be left out where the stream has one. */
  send(stream: DatagramStream, bytes: Uint8Array, remote: TypedAddress | undefined): void {
    this.#requireCurrent(stream);
    const to = remote ?? stream.remote ?? refuseNetwork('invalid-argument');
    if (stream.remote !== undefined && !isSame(to, stream.remote)) refuseNetwork('invalid-argument');
    this.#requireFit(to);
    if (bytes.length > maxDatagramBytes) refuseNetwork('datagram-too-large');
    this.bound.send(bytes, to);
  }

  get bound(): DatagramSocket {
    this.requireOpen();
    return this.#state.is === 'bound' ? this.#state.socket : refuseNetwork('invalid-state');
  }

  /** The one peer that it is for now. */
  get remote(): TypedAddress {
    this.requireOpen();
    return this.#current[0]?.remote ?? refuseNetwork('invalid-state');
  }

  get hopLimit(): number {
    this.requireOpen();
    return this.#hopLimit;
  }

  set hopLimit(limit: number) {
    this.requireOpen();
    if (limit === 0) refuseNetwork('invalid-argument');
    this.#hopLimit = limit;
    if (this.#state.is === 'bound') this.#state.socket.setHopLimit(limit);
  }

  requireOpen(): void {
    if (this.#state.is === 'closed') throw this.#state.why;
  }

  isReady(): boolean {
    return this.#state.is !== 'binding';
  }

  readonly ready: Ready = async () => {
    if (this.#state.is === 'binding') await this.#state.settled;
  };

  /** Of a handle: the socket's own, or a stream's. */
  release(): void {
    this.#users -= 1;
    if (this.#users === 0) this.#leave();
  }

  async #bind(address: string): Promise<void> {
    try {
      const socket = await openDatagramSocket({
        family: this.family === family.ipv4 ? 4 : 6,
        address,
        accepts: (from) => this.#accepts(from),
      });
      if (this.#state.is !== 'binding') return socket.close();
      socket.setHopLimit(this.#hopLimit);
      this.#state = { is: 'bound', socket };
    } catch (error) {
      this.#state = { is: 'closed', why: new NetworkRefusal(networkErrorOf(error) ?? 'unknown') };
    }
  }

  #accepts(from: SocketAddress): boolean {
    const [stream] = this.#current;
    if (stream === undefined) return false;
    if (stream.remote !== undefined) return isSame(from, stream.remote);
    return this.#host.destinations.reaches(from.address, { scheme: 'udp', port: from.port });
  }

  /** Refuses peers that cannot be, and that the policy does not allow. */
  #requireFit(remote: TypedAddress): void {
    const unfit =
      remote.family !== this.family || !isUnicast(remote) || isUnspecified(remote) || isMapped(remote);
    if (unfit || remote.port === 0) refuseNetwork('invalid-argument');
    const endpoint = { scheme: 'udp', port: remote.port } as const;
    if (!this.#host.destinations.allows(remote.address, endpoint)) refuseNetwork('access-denied');
  }

  #requireCurrent(stream: DatagramStream): void {
    if (!this.#current.includes(stream)) refuseNetwork('invalid-state');
  }

  #end(): void {
    const state = this.#state;
    this.#state = { is: 'closed', why: new NetworkRefusal('invalid-state') };
    if (state.is === 'bound') state.socket.close();
  }
}

/** What UDP over IPv4 has room for. */
const maxDatagramBytes = 65_507;

function isSame(a: SocketAddress, b: SocketAddress): boolean {
  return a.port === b.port && spelled(a.address) === spelled(b.address);
}

/** Kernel and guest may write the same IPv6 address in two ways. */
function spelled(address: string): string {
  return address.includes(':') ? new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname : address;
}
