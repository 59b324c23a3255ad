import type { HostInterface } from '../../component/host-interface.ts';
import { linkComponent } from '../../component/link/link-component.ts';
import type { ComponentPlan } from '../../component/plan/component-plan.ts';
import type { Driver } from '../../host.ts';
import type { GuestEnd } from '../wire/messages.ts';
import { describeEnd } from './describe-end.ts';
import { observeGuest } from './observe-guest.ts';
import { observeInterfaces } from './observe-interfaces.ts';
import type { GuestInput } from './program.ts';

/**
 * Lets a host module call a component until it has done. Throws {@link RuntimeError}, or what the module throws, when it could
 * not begin.
 */
export async function driveGuest(
  plan: ComponentPlan,
  interfaces: readonly HostInterface[],
  driver: Driver,
  { assignment, wire, calls, stderr, tellStarted }: GuestInput,
): Promise<GuestEnd> {
  const { waiting, caps } = assignment;
  const longLived = assignment.driver?.drives?.longLived === true ? { longLived: true } : {};
  const observation = observeGuest({ assignment, wire, stderr, memory: () => undefined });
  observation.begin();
  driver.begin({
    link(hosts) {
      const observed = observeInterfaces(hosts(interfaces), calls, observation.calls);
      return linkComponent(plan, observed, { waiting, ...longLived, maxCallBytes: caps.maxCallBytes });
    },
  });
  tellStarted();
  try {
    await driver.ended;
    return observation.tell({ kind: 'exited', code: 0 }, {});
  } catch (error) {
    return observation.tell(describeEnd(error, { kind: 'failure', error }, { memoryFull: false }), {});
  }
}
