import type { HostInterface } from '../../component/host-interface.ts';
import type { ComponentInstance } from '../../component/link/component-instance.ts';
import { FailedStart } from '../../component/link/failed-start.ts';
import { linkComponent } from '../../component/link/link-component.ts';
import type { ComponentPlan } from '../../component/plan/component-plan.ts';
import { planComponent } from '../../component/plan/plan-component.ts';
import { RuntimeError } from '../../errors.ts';
import { createPreview2 } from '../../preview2/preview2-host.ts';
import type { GuestEnd } from '../wire/messages.ts';
import { memoryUseOf } from '../memory-use.ts';
import { describeEnd } from './describe-end.ts';
import { driveGuest } from './drive-guest.ts';
import type { OpenDriver, OpenInterfaces } from './host-modules.ts';
import { isAtLimit } from './is-at-limit.ts';
import { observeGuest } from './observe-guest.ts';
import { observeInterfaces } from './observe-interfaces.ts';
import type { GuestInput, OpenedGuest } from './program.ts';
import { createReporter } from './reporter.ts';
import { within } from './within.ts';

/** Opens the guest of a component of WASI 0.2: a command, or what a host module drives. Rejects as that module does. */
export async function openComponentGuest(input: GuestInput): Promise<OpenedGuest> {
  const { assignment, wire, hostModules, listeners, stdin, stdout, stderr } = input;
  const report = createReporter(wire);
  const preview2 = createPreview2({
    args: assignment.args,
    env: assignment.env,
    mounts: assignment.mounts,
    stdin,
    stdout,
    stderr,
    tty: assignment.tty,
    waiting: assignment.waiting,
    maxDescriptors: assignment.maxDescriptors,
    caps: assignment.caps,
    listeners: listeners.map(({ listener }, index) => ({
      listener,
      port: assignment.listeners[index]?.port ?? 0,
    })),
    ...(assignment.egress === null ? {} : { egress: assignment.egress }),
    onDenied: (denial) => report('wasi:sockets', denial),
  });
  const controller = new AbortController();
  const side = { memory: () => undefined, signal: controller.signal, report };
  const { driver, waiting } = assignment;
  const driving: OpenDriver | undefined =
    driver === null
      ? undefined
      : await hostModules.openDriver(driver, { ...side, waiting, stopping: input.stopping, stdout, stderr });
  return {
    compile: (bytes) => planComponent(bytes, assignment.passes, memoryUseOf(driver)),
    async run(plan) {
      if (plan instanceof WebAssembly.Module) throw new TypeError('a module in the place of a component');
      let opened: OpenInterfaces | undefined;
      try {
        opened = await hostModules.openInterfaces(assignment.hostModules, side);
        const interfaces = [...preview2.interfaces, ...opened.interfaces];
        return await (driving
          ? driveGuest(plan, interfaces, driving.driver, input)
          : runCommand(plan, interfaces, input));
      } finally {
        controller.abort();
        await within(driving?.close());
        await within(opened?.close());
        preview2.close();
        await within(preview2.settled());
      }
    },
  };
}

async function runCommand(
  plan: ComponentPlan,
  interfaces: readonly HostInterface[],
  { assignment, wire, calls, stderr, tellStarted }: GuestInput,
): Promise<GuestEnd> {
  const { entry, waiting, caps, passes } = assignment;
  if (entry !== '_start') {
    throw new RuntimeError('NO_ENTRY', `of a component only wasi:cli/run can be called, not ${entry}`);
  }
  const observation = observeGuest({ assignment, wire, stderr, memory: () => undefined });
  let instance: ComponentInstance | undefined;
  try {
    const hosts = observeInterfaces(interfaces, calls, observation.calls);
    instance = linkComponent(plan, hosts, {
      waiting,
      longLived: true,
      maxCallBytes: caps.maxCallBytes,
    }).instantiate();
    const run = instance.coreExport('wasi:cli/run', 'run');
    if (run === undefined) throw notACommand(plan);
    observation.begin();
    tellStarted();
    // A `result`: its case.
    const failed = await run.call();
    return observation.tell({ kind: 'exited', code: failed === 0 ? 0 : 1 }, {});
  } catch (error) {
    if (error instanceof RuntimeError) throw error;
    const memoryFull =
      instance?.growthRefused === true || isAtLimit(instance?.memories ?? [], passes.memoryBytes);
    const ended = error instanceof FailedStart ? error : instance;
    const end = describeEnd(ended?.trap ?? error, ended?.ending, { memoryFull });
    return observation.tell(end, {});
  } finally {
    instance?.close();
  }
}

function notACommand({ exports }: ComponentPlan): RuntimeError {
  const names =
    exports
      .map((one) => one.name)
      .slice(0, 10)
      .join(', ') || 'nothing';
  return new RuntimeError(
    'NO_ENTRY',
    `the component does not export wasi:cli/run, so it is no command; it exports ${names}`,
  );
}
