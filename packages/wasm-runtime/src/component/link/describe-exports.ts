import { flattenFunction, parseExternName } from '@wasmlet/wasm-binary';
import { coreTypeText } from '../plan/inline-canon.ts';
import type { CoreExport } from '../host-interface.ts';
import type { PlannedExport } from '../plan/component-plan.ts';
import type { CoreCall } from './call-core.ts';
import { callWithCoreValues, callWithValues } from './call-from-outside.ts';
import type { ComponentExports, ComponentFunction } from './component-instance.ts';
import type { Linked } from './linked.ts';

type CallOf = (lift: number) => CoreCall;

/** Exports as functions on values of JavaScript's, each made when it is asked for. */
export function describeExports(
  planned: readonly PlannedExport[],
  linked: Linked,
  callOf: CallOf,
): ComponentExports {
  const exports = Object.create(null) as Record<string, ComponentFunction | ComponentExports>;
  for (const one of planned) {
    let made: ComponentFunction | ComponentExports | undefined;
    Object.defineProperty(exports, one.name, {
      enumerable: true,
      get: () =>
        (made ??=
          one.kind === 'instance'
            ? describeExports(one.exports, linked, callOf)
            : functionOf(one.lift, linked, callOf)),
    });
  }
  return exports;
}

function functionOf(
  lift: number,
  { plan, signatureOf, maxCallBytes }: Linked,
  callOf: CallOf,
): ComponentFunction {
  const throws = plan.lifts[lift]?.type.result?.kind === 'result';
  return callWithValues(signatureOf(lift), callOf(lift), { maxBytes: maxCallBytes, throws });
}

/** An exported function on core values; nothing where there is none. */
export function coreExportOf(
  { of, name }: { readonly of: string; readonly name: string },
  { plan }: Linked,
  callOf: CallOf,
): CoreExport | undefined {
  const exports = of === '' ? plan.exports : findInterface(plan.exports, of);
  const found = exports?.find((one) => one.name === name);
  if (found?.kind !== 'func') return undefined;
  const type = plan.lifts[found.lift]?.type;
  const call = callOf(found.lift);
  return {
    type: type ? coreTypeText(flattenFunction(type, 'lift')) : '',
    guest: call.guest,
    call: callWithCoreValues(call),
  };
}

function findInterface(
  exports: readonly PlannedExport[],
  wanted: string,
): readonly PlannedExport[] | undefined {
  for (const one of exports) {
    const parts = parseExternName(one.name);
    const name =
      parts?.kind === 'interface' ? `${parts.namespace}:${parts.package}/${parts.interface}` : one.name;
    if (one.kind === 'instance' && (name === wanted || one.name === wanted)) return one.exports;
  }
  return undefined;
}
