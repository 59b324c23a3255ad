import process from 'node:process';
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { bootstrapCommand } from './commands/bootstrap.ts';
import { copyCommand } from './commands/copy.ts';
import { demoCommand } from './commands/demo.ts';
import { inspectCommand } from './commands/inspect.ts';
import { loginCommand, logoutCommand } from './commands/login.ts';
import { lsCommand } from './commands/ls.ts';
import { nodeCommand } from './commands/node.ts';
import { playCommand } from './commands/play.ts';
import { pullCommand } from './commands/pull.ts';
import { pushCommand } from './commands/push.ts';
import { runCommand } from './commands/run.ts';
import { serveCommand } from './commands/serve.ts';
import { tagCommand } from './commands/tag.ts';
import type { Terminal } from './commands/terminal.ts';
import { exitCodeOf, Interrupted } from './daemon/signals.ts';
import { CommandError, describeError, UsageError } from './errors.ts';

const terminal: Terminal = {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  version: packageJson.version,
};

process.exitCode = await main(process.argv);

async function main(argv: readonly string[]): Promise<number> {
  let exitCode = 0;
  const finish = (code: number): void => {
    exitCode = code;
  };
  const program = new Command('wasmlet')
    .description('Runs WebAssembly: as a Kubernetes node, from manifests, or one module.')
    .version(terminal.version)
    .exitOverride()
    .showHelpAfterError('(add --help for what can be given)')
    .addHelpText(
      'after',
      "\nExit status: 0 done, 1 failed, 2 the arguments cannot be used, 130 Ctrl-C, 143 SIGTERM; run has the guest's.",
    );
  for (const create of [
    nodeCommand,
    runCommand,
    serveCommand,
    pushCommand,
    pullCommand,
    inspectCommand,
    copyCommand,
    tagCommand,
    lsCommand,
    loginCommand,
    logoutCommand,
    playCommand,
    bootstrapCommand,
    demoCommand,
  ]) {
    program.addCommand(create(terminal, finish).copyInheritedSettings(program));
  }
  // 1 and 2 belong to the guest of `wasmlet run`: its own failures are 125, as docker's are.
  const ownFailure = argv[2] === 'run' ? 125 : undefined;
  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : (ownFailure ?? 2);
    if (error instanceof Interrupted) return exitCodeOf(error);
    terminal.stderr.write(`wasmlet: ${describeError(error)}\n`);
    if (error instanceof UsageError) return ownFailure ?? 2;
    return ownFailure ?? (error instanceof CommandError ? error.exitCode : 1);
  }
}
