import { createPreview1 } from '../../preview1/preview1-host.ts';
import { compileModule } from './compile-module.ts';
import { createExitSwitch } from './exit-switch.ts';
import type { GuestInput, OpenedGuest } from './program.ts';
import { runGuest } from './run-guest.ts';

/** Opens the guest of a core module. */
export function openModuleGuest(input: GuestInput): OpenedGuest {
  const { assignment, wire, hostModules, calls, listeners, stdin, stdout, stderr, tellStarted } = input;
  const exitSwitch = createExitSwitch(input.trap);
  const preview1 = createPreview1({
    args: assignment.args,
    env: assignment.env,
    mounts: assignment.mounts,
    listeners,
    stdin,
    stdout,
    stderr,
    tty: assignment.tty,
    waiting: assignment.waiting,
    maxDescriptors: assignment.maxDescriptors,
    caps: assignment.caps,
    calls,
    exit: (code) => exitSwitch.exit(code),
    fail: (error) => exitSwitch.fail(error),
  });
  return {
    compile: (bytes) => compileModule(bytes, assignment.passes),
    run(module) {
      if (!(module instanceof WebAssembly.Module))
        throw new TypeError('a component in the place of a module');
      return runGuest({
        assignment,
        module,
        wire,
        hostModules,
        preview1,
        exitSwitch,
        calls,
        stderr,
        tellStarted,
      });
    },
  };
}
