import type { Connection, SocketAddress } from '../system/connection.ts';
import type { Listener } from '../system/listener.ts';
import { openConnection } from '../system/open-connection.ts';
import type { Ready } from '../system/readiness.ts';
import { isMapped, isUnicast, isUnspecified, type TypedAddress } from './ip-address.ts';
import { NetworkRefusal, networkErrorOf, refuseNetwork } from './network-error.ts';
import type { SocketHost } from './socket-host.ts';

type State =
  | { readonly is: 'unbound' }
  | { readonly is: 'bound'; readonly local: TypedAddress }
  | { readonly is: 'connecting'; readonly settled: Promise<void>; readonly cancel: AbortController }
  | { readonly is: 'connected'; readonly connection: Connection }
  | { readonly is: 'listening'; readonly listener: Listener; readonly local: TypedAddress }
  | { readonly is: 'closed'; readonly why: NetworkRefusal };

/** What was begun and not finished. */
type Begun = 'bind' | 'connect' | 'listen';

/** Behind a `tcp-socket`. Binding asks nothing of the kernel: a port is only had by a listener that was passed in. */
export class TcpSocket {
  readonly family: number;
  readonly #host: SocketHost;
  readonly #leave: () => void;
  #state: State = { is: 'unbound' };
  #begun: Begun | undefined;
  #users = 1;
  #keepAlive = false;

  constructor(family: number, host: SocketHost) {
    this.family = family;
    this.#host = host;
    this.#leave = host.openFiles.hold(() => this.#end());
  }

  static accepted(family: number, connection: Connection, host: SocketHost): TcpSocket {
    const socket = new TcpSocket(family, host);
    socket.#state = { is: 'connected', connection };
    return socket;
  }

  startBind(local: TypedAddress): void {
    this.#requireIdle();
    if (this.#state.is !== 'unbound') refuseNetwork('invalid-state');
    if (local.family !== this.family || !isUnicast(local) || isMapped(local))
      refuseNetwork('invalid-argument');
    if (local.port !== 0 && this.#host.listenerAt(local) === undefined) refuseNetwork('access-denied');
    this.#state = { is: 'bound', local };
    this.#begun = 'bind';
  }

  startListen(): void {
    this.#requireIdle();
    this.requireOpen();
    if (this.#state.is !== 'bound') return refuseNetwork('invalid-state');
    const { local } = this.#state;
    const listener = this.#host.listenerAt(local) ?? refuseNetwork('access-denied');
    this.#state = { is: 'listening', listener, local };
    this.#begun = 'listen';
  }

  startConnect(remote: TypedAddress): void {
    this.#requireIdle();
    if (this.#state.is !== 'unbound' && this.#state.is !== 'bound') refuseNetwork('invalid-state');
    const unfit =
      remote.family !== this.family || !isUnicast(remote) || isUnspecified(remote) || isMapped(remote);
    if (unfit || remote.port === 0) refuseNetwork('invalid-argument');
    const cancel = new AbortController();
    const allowed = this.#host.destinations.allows(remote.address, { scheme: 'tcp', port: remote.port });
    this.#state = allowed
      ? { is: 'connecting', settled: this.#connect(remote, cancel.signal), cancel }
      : { is: 'closed', why: new NetworkRefusal('access-denied') };
    this.#begun = 'connect';
  }

  /** `bind` and `listen` are done at once. */
  finish(what: 'bind' | 'listen'): void {
    if (this.#begun !== what) refuseNetwork('not-in-progress');
    this.#begun = undefined;
  }

  /** The connection; refuses with `would-block` as long as there is none. */
  finishConnect(): Connection {
    if (this.#begun !== 'connect') refuseNetwork('not-in-progress');
    if (this.#state.is === 'connecting') refuseNetwork('would-block');
    this.#begun = undefined;
    if (this.#state.is === 'closed') throw this.#state.why;
    if (this.#state.is !== 'connected') refuseNetwork('invalid-state');
    return this.#state.connection;
  }

  accept(): TcpSocket {
    if (this.#state.is !== 'listening' || this.#begun !== undefined) return refuseNetwork('invalid-state');
    if (this.#state.listener.pending === 0) refuseNetwork('would-block');
    this.#host.openFiles.requireRoom();
    const connection = this.#state.listener.acceptNow() ?? refuseNetwork('would-block');
    return TcpSocket.accepted(this.family, connection, this.#host);
  }

  get keepAlive(): boolean {
    return this.#keepAlive;
  }

  set keepAlive(on: boolean) {
    this.#keepAlive = on;
    if (this.#state.is === 'connected') this.#state.connection.setKeepAlive(on);
  }

  requireOpen(): void {
    if (this.#state.is === 'closed') throw this.#state.why;
  }

  /** Of an accepted or connected one. */
  get connection(): Connection {
    this.requireOpen();
    return this.#state.is === 'connected' ? this.#state.connection : refuseNetwork('invalid-state');
  }

  get local(): SocketAddress {
    if (this.#state.is === 'connected') return this.#state.connection.local;
    if (this.#state.is === 'bound' || this.#state.is === 'listening') return this.#state.local;
    this.requireOpen();
    return refuseNetwork('invalid-state');
  }

  get state(): State['is'] {
    return this.#state.is;
  }

  isReady(): boolean {
    if (this.#state.is === 'listening') return this.#state.listener.pending > 0;
    return this.#state.is !== 'connecting';
  }

  readonly ready: Ready = async (signal) => {
    if (this.#state.is === 'listening') await this.#state.listener.acceptable(signal);
    if (this.#state.is === 'connecting') await this.#state.settled;
  };

  /** One more user, a stream of its connection; returns what ends its use. */
  share(): () => void {
    this.#users += 1;
    return () => this.release();
  }

  release(): void {
    this.#users -= 1;
    if (this.#users === 0) this.#leave();
  }

  async #connect(remote: TypedAddress, cancelled: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([cancelled, this.#host.closing]);
    try {
      const connection = await openConnection(remote, signal);
      if (this.#keepAlive) connection.setKeepAlive(true);
      this.#state = { is: 'connected', connection };
    } catch (error) {
      this.#state = { is: 'closed', why: new NetworkRefusal(networkErrorOf(error) ?? 'unknown') };
    }
  }

  #requireIdle(): void {
    if (this.#begun !== undefined) refuseNetwork('concurrency-conflict');
  }

  #end(): void {
    const state = this.#state;
    this.#state = { is: 'closed', why: new NetworkRefusal('invalid-state') };
    if (state.is === 'connecting') state.cancel.abort();
    if (state.is === 'connected') this.#host.leaves(state.connection.close());
  }
}
