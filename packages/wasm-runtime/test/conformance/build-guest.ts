import { join } from 'node:path';
import { main } from 'assemblyscript/asc';

/** Compiles one AssemblyScript program of this folder; takes about a second. */
export async function buildGuest(source: string, module: string): Promise<void> {
  const options = ['--runtime', 'stub', '--use', 'abort=', '-O1'];
  const { error, stderr } = await main(
    [source, '--baseDir', import.meta.dirname, '--outFile', module, ...options],
    {
      stdout: { write: () => {} },
    },
  );
  if (error !== null) throw new Error(`${join(import.meta.dirname, source)}: ${stderr.toString()}`);
}
