import { Command } from 'commander';
import { untilInterrupted } from '../daemon/signals.ts';
import { UsageError } from '../errors.ts';
import { addRegistryOptions, type RegistryFlags } from './registry-options.ts';
import type { Terminal } from './terminal.ts';

interface LoginFlags extends RegistryFlags {
  readonly username?: string;
  readonly passwordStdin?: boolean;
}

/** `wasmlet login`: keeps credentials where docker keeps them, once the registry has taken them. */
export function loginCommand(terminal: Terminal): Command {
  return addRegistryOptions(
    new Command('login')
      .description('keep credentials for a registry')
      .argument('<registry>', 'HOST or HOST:PORT')
      .requiredOption('-u, --username <user>', 'user name')
      .option('--password-stdin', 'read the password, or a token, from stdin'),
  )
    .addHelpText(
      'after',
      '\nKept in the folder that DOCKER_CONFIG names, else ~/.docker, as docker login does.',
    )
    .action((registry: string, flags: LoginFlags) => login(terminal, registry, flags));
}

/** `wasmlet logout`: removes what login has kept. */
export function logoutCommand(terminal: Terminal): Command {
  return new Command('logout')
    .description('remove the credentials for a registry')
    .argument('<registry>', 'HOST or HOST:PORT')
    .action((registry: string) => logout(terminal, registry));
}

async function login(terminal: Terminal, registry: string, flags: LoginFlags): Promise<void> {
  const [oci, { dockerConfigFile, registrySettings }] = await Promise.all([
    import('@wasmlet/oci-wasm'),
    import('../registry/registry-access.ts'),
  ]);
  using interruption = untilInterrupted();
  const { signal } = interruption;
  const password =
    flags.passwordStdin === true ? await readPassword(terminal) : await askPassword(terminal, signal);
  if (password === '') throw new UsageError('The password is empty.');
  const result = await oci.login({
    registry,
    username: flags.username ?? '',
    password,
    configFile: dockerConfigFile(terminal.env),
    ...(await registrySettings(terminal.env, flags, [hostIn(registry)])),
    env: terminal.env,
    signal,
  });
  if (!result.verified) {
    terminal.stderr.write(`wasmlet: ${result.registry} asks for no credentials, so these are untried.\n`);
  }
  terminal.stdout.write(`Login succeeded: ${result.registry}, kept in ${result.storedIn}\n`);
}

async function logout(terminal: Terminal, registry: string): Promise<void> {
  const [oci, { dockerConfigFile }] = await Promise.all([
    import('@wasmlet/oci-wasm'),
    import('../registry/registry-access.ts'),
  ]);
  const configFile = dockerConfigFile(terminal.env);
  const wasThere = await oci.logout({ registry, configFile, env: terminal.env });
  terminal.stdout.write(
    wasThere ? `Removed the credentials for ${registry}\n` : `There were no credentials for ${registry}\n`,
  );
}

/** A URL is taken as well. */
function hostIn(registry: string): string {
  return registry.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

/** Tokens of some registries are a few kB long. */
const maxPasswordBytes = 64 * 1024;

/** All of stdin, without the newline at its end. */
async function readPassword({ stdin }: Terminal): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk as Uint8Array));
    bytes += (chunk as Uint8Array).length;
    if (bytes > maxPasswordBytes) throw new UsageError('The password is longer than 64 KiB.');
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

async function askPassword({ stdin, stderr }: Terminal, signal: AbortSignal): Promise<string> {
  if (stdin.isTTY !== true) {
    throw new UsageError(
      'There is no terminal to ask for the password on: give it on stdin, with --password-stdin.',
    );
  }
  const { isCancel, password } = await import('@clack/prompts');
  const answer = await password({ message: 'Password', input: stdin, output: stderr, signal });
  signal.throwIfAborted();
  if (isCancel(answer)) throw new UsageError('No password was given.');
  return answer;
}
