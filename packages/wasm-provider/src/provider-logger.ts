/** What the provider uses of pino. */
export interface ProviderLogger {
  warn(fields: object, message: string): void;
}

export const silentLogger: ProviderLogger = { warn() {} };
