import type { BoundFunction, CoreHostFunction, HostInterface } from '../../component/host-interface.ts';
import type { CallCount } from '../../preview1/call-count.ts';
import type { CallObserver } from './observe-calls.ts';

/** The same interfaces, whose calls are counted, and seen by an observer where there is one. */
export function observeInterfaces(
  interfaces: readonly HostInterface[],
  calls: CallCount,
  observer: CallObserver | undefined,
): readonly HostInterface[] {
  return interfaces.map((one) => {
    const functions: Record<string, CoreHostFunction> = {};
    for (const [name, provided] of Object.entries(one.functions)) {
      functions[name] = observed(one.name, name, provided);
    }
    return { ...one, functions };
  });

  function observed(of: string, name: string, { type, waits, bind }: CoreHostFunction): CoreHostFunction {
    return {
      type,
      waits: waits || (observer?.waits ?? false),
      bind(guest) {
        const call = counted(bind(guest), calls);
        if (observer === undefined) return call;
        return observer.wrap(of, `${of}#${name}`, call) as BoundFunction;
      },
    };
  }
}

function counted(call: BoundFunction, calls: CallCount): BoundFunction {
  const invoke = call as (...values: unknown[]) => ReturnType<BoundFunction>;
  return ((...values: unknown[]) => {
    calls.add();
    return invoke(...values);
  }) as BoundFunction;
}
