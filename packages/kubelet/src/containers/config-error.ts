/**
 * A container cannot be created from its spec as things stand: `CreateContainerConfigError`. The message is
 * upstream's and goes into the container's status; the attempt is repeated, as what is missing may appear.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'CREATE_CONTAINER_CONFIG';
}
