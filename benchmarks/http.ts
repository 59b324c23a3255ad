import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import process from 'node:process';
import { buildComponents } from '@wasmlet/e2e/components';
import { helloOfC, httpComponent, paddedHello } from './guests/http-components.ts';
import { coldStart } from './http/cold-start.ts';
import { gets } from './http/gets.ts';
import { serving, servingFresh } from './http/serving.ts';
import { streaming } from './http/streaming.ts';
import { hasWrk } from './http/wrk.ts';

/**
 * Components that serve HTTP, beside `node:http`, and `jco serve` and `wasmtime serve` where they are; their requests beside undici's;
 * a gigabyte through one of them beside node's pipe; and their first answer. `WASMLET_HTTP_COMPONENTS` names further components, whose
 * instances answer one request each.
 */
export async function http(): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'http-'));
  const put = async (name: string, bytes: Uint8Array): Promise<string> => {
    const path = join(scratch, `${name}.wasm`);
    await writeFile(path, bytes);
    return path;
  };
  try {
    const small = await put('hello', await httpComponent('http-hello'));
    if (await hasWrk()) {
      await serving('Hello, WAT', small);
      const ofC = await helloOfC();
      if (ofC) await serving('Hello, C', await put('hello-c', ofC));
      const componentize = join(await buildComponents(), 'js-server.wasm');
      await servingFresh('Hello, JavaScript by componentize-js', componentize);
      for (const path of (process.env['WASMLET_HTTP_COMPONENTS'] ?? '').split(delimiter)) {
        if (path !== '') await servingFresh(basename(path), path);
      }
    } else process.stderr.write('without requests per second: wrk is not on the PATH\n');
    await gets(await put('get', await httpComponent('http-get')));
    await streaming(await put('echo', await httpComponent('http-echo')));
    await coldStart(await put('large', await paddedHello(1_700_000)), small);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
