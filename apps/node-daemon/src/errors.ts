/** Bad arguments or configuration: exit code 2, no stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'USAGE';
}

/** A command that could not do its work; the message is for the person at the keyboard. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: string;
  readonly exitCode: number;
  constructor(
    code: string,
    message: string,
    options: { readonly exitCode?: number; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.exitCode = options.exitCode ?? 1;
  }
}

/** The message of an error and of what caused it, without repeating what a message already says. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (const message of messagesOf(error)) {
    if (message !== '' && parts.length < 5 && !parts.some((part) => part.includes(message)))
      parts.push(message);
  }
  return parts.length === 0 ? String(error) : parts.join(': ');
}

function messagesOf(error: unknown): readonly string[] {
  // What went wrong first says more than what then went wrong while cleaning up.
  if (error instanceof SuppressedError) return [error.suppressed, error.error].flatMap(messagesOf);
  if (error instanceof AggregateError) return [error.message, ...error.errors.flatMap(messagesOf)];
  return error instanceof Error ? [error.message, ...messagesOf(error.cause)] : [];
}
