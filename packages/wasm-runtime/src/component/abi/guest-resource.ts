import type { ResourceType } from '../host-interface.ts';
import type { LinkedGuest } from '../link/linked-guest.ts';
import type { GuestResourceType } from '../link/store.ts';

/** A resource that a component defines and JavaScript owns, or is lent by an export that it called. */
export class GuestResource {
  readonly #type: GuestResourceType;
  readonly #rep: number;
  #dropped = false;

  /** @ignore */
  constructor(type: GuestResourceType, rep: number) {
    this.#type = type;
    this.#rep = rep;
  }

  /**
   * Runs its destructor; a promise where that may wait. Nothing, when it has been given away. Throws as any call does, for an
   * instance that is in another one for instance.
   */
  drop(): void | Promise<void> {
    if (this.#dropped) return undefined;
    this.#dropped = true;
    return this.#type.destroyFromOutside(this.#rep);
  }

  /**
   * Its representation, for a call that borrows it. Throws a TypeError for another type, and after `drop`.
   *
   * @ignore
   */
  static repOf(value: unknown, type: GuestResourceType): number {
    if (!(value instanceof GuestResource) || value.#type !== type || value.#dropped) {
      throw new TypeError(`the value is no ${type.name} of this instance, or has been given away`);
    }
    return value.#rep;
  }

  /**
   * The same for a call that takes it.
   *
   * @ignore
   */
  static takeRep(value: unknown, type: GuestResourceType): number {
    const rep = GuestResource.repOf(value, type);
    (value as GuestResource).#dropped = true;
    return rep;
  }
}

interface ResourceShape {
  readonly kind: 'own' | 'borrow';
  readonly resource: number;
}

/** Takes a resource that a guest gives to JavaScript: a host's object, or a {@link GuestResource}. */
export function liftResource({ kind, resource }: ResourceShape, handle: number, guest: LinkedGuest): unknown {
  const type = typeAt(guest, resource);
  const object = kind === 'own' ? guest.handles.take(type, handle) : guest.handles.get(type, handle);
  return isDefined(type) ? new GuestResource(type, object as number) : object;
}

/** Gives a resource of JavaScript's to a guest. Its handle, or its representation for the guest that defines it. */
export function lowerResource({ kind, resource }: ResourceShape, value: unknown, guest: LinkedGuest): number {
  const type = typeAt(guest, resource);
  if (!isDefined(type)) {
    return kind === 'own' ? guest.handles.insert(type, value) : guest.handles.lend(type, value);
  }
  if (kind === 'own') return guest.handles.insert(type, GuestResource.takeRep(value, type));
  const rep = GuestResource.repOf(value, type);
  return type.instance === guest.instance ? rep : guest.handles.lend(type, rep);
}

/** Moves a resource from one component to another. */
export function moveResource(
  { kind, resource }: ResourceShape,
  handle: number,
  { from, to, lent }: { readonly from: LinkedGuest; readonly to: LinkedGuest; readonly lent: number[] },
): number {
  const type = typeAt(from, resource);
  if (kind === 'own') return to.handles.insert(type, from.handles.take(type, handle));
  const object = from.handles.borrow(type, handle);
  lent.push(handle);
  if (isDefined(type) && type.instance === to.instance) return object as number;
  return to.handles.lend(type, object);
}

export function isDefined(type: AnyResource): type is GuestResourceType {
  return 'instance' in type;
}

/** What is known of a resource's type here: nothing of its objects. */
type AnyResource = ResourceType<unknown> | GuestResourceType;

function typeAt(guest: LinkedGuest, resource: number): ResourceType<unknown> {
  return guest.store.resources[resource] as unknown as ResourceType<unknown>;
}
