import { Arrival } from '../bodies/arrival.ts';
import { HttpFailure } from '../types/error-code.ts';
import type { FutureResponse } from '../types/resources.ts';
import type { SentResponse } from './outgoing-exchange.ts';

/** A response that is on its way to a guest. */
export class PendingResponse implements FutureResponse {
  readonly #arrival = new Arrival();
  #outcome: SentResponse | HttpFailure | undefined;
  #cancel: ((failure: HttpFailure) => void) | undefined;
  #dropped = false;
  taken = false;

  /** Bound, since pollables are made of it. */
  readonly ready = async (signal: AbortSignal): Promise<void> => {
    if (this.#outcome === undefined) await this.#arrival.next(signal);
  };

  get outcome(): SentResponse | HttpFailure | undefined {
    return this.#outcome;
  }

  /** The guest has no use for it any more. */
  get dropped(): boolean {
    return this.#dropped;
  }

  readonly isReady = (): boolean => this.#outcome !== undefined;

  /** What gives up the request, from now on. */
  cancelBy(cancel: (failure: HttpFailure) => void): void {
    this.#cancel = cancel;
  }

  /** The response has come, or never will. */
  settle(outcome: SentResponse | HttpFailure): void {
    this.#outcome = outcome;
    this.#cancel = undefined;
    if (this.#dropped && !(outcome instanceof HttpFailure)) outcome.close();
    this.#arrival.announce();
  }

  drop(): void {
    if (this.taken || this.#dropped) return;
    this.#dropped = true;
    this.#cancel?.(new HttpFailure({ code: 'connection-terminated' }));
    if (this.#outcome !== undefined && !(this.#outcome instanceof HttpFailure)) this.#outcome.close();
  }
}
