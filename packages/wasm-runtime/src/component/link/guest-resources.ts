import type { ResourceType } from '../host-interface.ts';
import type { PlannedResource } from '../plan/component-plan.ts';
import { afterwards } from './call-core.ts';
import { within } from './call-from-outside.ts';
import { ComponentTrap } from '../component-trap.ts';
import {
  type CoreFunction,
  type GuestResourceType,
  type InstanceState,
  resolveSource,
  type Store,
} from './store.ts';

type Destructor = (rep: number) => unknown;

/** A resource type that one instance of a component defines, with the destructor that its component has for it. */
export function defineResource(
  { instance: number, destructor }: Extract<PlannedResource, { kind: 'defined' }>,
  name: string,
  { store, waits }: { readonly store: () => Store; readonly waits: boolean },
): GuestResourceType {
  let destroy: Destructor | undefined;
  const find = (): Destructor => {
    const found = resolveSource(store(), destructor as NonNullable<typeof destructor>);
    if (typeof found !== 'function') throw new ComponentTrap('a destructor that is not there yet');
    destroy =
      waits && destructor?.from === 'instance'
        ? WebAssembly.promising(found as never)
        : (found as Destructor);
    return destroy;
  };
  const type: GuestResourceType = {
    name,
    get instance() {
      return store().instances[number] as InstanceState;
    },
    destroy(rep) {
      return destructor ? ((destroy ?? find())(rep) as void | Promise<void>) : undefined;
    },
    destroyFromOutside(rep) {
      const { instance } = type;
      const call = (): void | Promise<void> =>
        afterwards(type.destroy(rep), () => {
          instance.entered = false;
        });
      return within({ store: store(), instance }, { pass: () => [], call });
    },
  };
  return type;
}

/** What a component calls to drop a handle. */
export function dropResource(store: Store, resource: number, instance: InstanceState): CoreFunction {
  const type = store.resources[resource] as unknown as ResourceType<unknown> | GuestResourceType;
  const { handles } = instance;
  if (!('instance' in type)) {
    return (handle: number) => {
      const dropped = handles.drop(type, handle);
      if (dropped) type.drop?.(dropped.object);
    };
  }
  return (handle: number) => {
    const dropped = handles.drop(type, handle);
    if (!dropped) return undefined;
    const definer = type.instance;
    if (definer === instance) return type.destroy(dropped.object);
    if (definer.entered) throw new ComponentTrap('cannot enter component instance');
    definer.entered = true;
    return afterwards(type.destroy(dropped.object), () => {
      definer.entered = false;
    });
  };
}
