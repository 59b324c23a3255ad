/**
 * The host module that serves with components, loaded in the guest's own process by the URL in `incomingHandlerUrl`. Not for
 * import by applications.
 *
 * @packageDocumentation
 */
import type { DriveContext, Driver } from '@wasmlet/wasm-runtime/host';

export const contract = 1;

/** What serves is loaded for components alone. */
export async function drive(context: DriveContext): Promise<Driver> {
  const { driveHandler } = await import('./server/drive-handler.ts');
  return driveHandler(context);
}
