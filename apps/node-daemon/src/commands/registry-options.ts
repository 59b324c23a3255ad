import { type Command, Option } from 'commander';

/** How a command is to speak to registries. */
export interface RegistryFlags {
  readonly insecureRegistries?: string;
  readonly insecure?: true;
  readonly registryHostsDir?: string;
}

/** Adds the options of commands that speak to the registry of a reference. */
export function addRegistryOptions(command: Command): Command {
  return command
    .addOption(insecureRegistriesOption())
    .addOption(new Option('--use-http, --insecure', 'the same for the registry that is named here'))
    .addOption(registryHostsOption());
}

/** `--insecure-registries`, a comma-separated list. */
export function insecureRegistriesOption(): Option {
  return new Option(
    '--insecure-registries <hosts>',
    'registries to be spoken to over plain http or unverified TLS',
  );
}

/** `--registry-hosts-dir`. */
export function registryHostsOption(): Option {
  return new Option(
    '--registry-hosts-dir <dir>',
    "mirrors and certificates of registries, as containerd's certs.d",
  );
}
