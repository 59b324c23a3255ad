import { join } from 'node:path';
import { main } from 'assemblyscript/asc';

/** Compiles one AssemblyScript program of this folder; takes about a second. */
export async function buildGuest(source: string, module: string): Promise<void> {
  const options = ['--runtime', 'stub', '--use', 'abort=', '-O1'];
  let diagnostics = '';
  const { error } = await main([source, '--baseDir', import.meta.dirname, '--outFile', module, ...options], {
    stdout: { write: () => {} },
    stderr: { write: (text) => (diagnostics += String(text)) },
  });
  if (error !== null) throw new Error(`${join(import.meta.dirname, source)}: ${diagnostics}`);
}
