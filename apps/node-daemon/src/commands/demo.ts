import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { untilAborted, untilInterrupted } from '../daemon/signals.ts';
import { CommandError } from '../errors.ts';
import type { Finish, Terminal } from './terminal.ts';

const manifests = ['hello-wasm.yaml', 'cat-facts.yaml'];

/** `wasmlet demo`, which `npm start` runs: a node of its own that plays the pods of `examples/demo`. */
export function demoCommand(terminal: Terminal, finish: Finish): Command {
  return new Command('demo')
    .description('run the example pods on a node of its own; Ctrl-C ends it')
    .option('--log-level <level>', 'debug, info, warn, error or silent', 'warn')
    .action(async (flags: { readonly logLevel: string }) => {
      await demo(terminal, flags.logLevel);
      finish(0);
    });
}

async function demo(terminal: Terminal, logLevel: string): Promise<void> {
  const examples = findExamples();
  const [
    { createWasmProvider },
    { createLogger },
    { startStandalone },
    { parseManifests },
    { followLogs },
    { startFactsServer },
    { openScreen },
    { openScratchDirectory },
  ] = await Promise.all([
    import('@wasmlet/wasm-provider'),
    import('../daemon/logging.ts'),
    import('../local/standalone.ts'),
    import('../local/manifests.ts'),
    import('../local/log-lines.ts'),
    import('../demo/facts-server.ts'),
    import('../demo/screen.ts'),
    import('../local/scratch-directory.ts'),
  ]);
  using interruption = untilInterrupted();
  await using facts = await startFactsServer();
  await using scratch = await openScratchDirectory();
  const logger = createLogger(terminal, logLevel);
  await using node = await startStandalone({
    nodeName: 'demo',
    dataDirectory: scratch.path,
    logger,
    provider: createWasmProvider({
      contentDirectory: join(scratch.path, 'content'),
      version: terminal.version,
      egressGrants: ['127.0.0.1/32'],
      allowLocalModules: true,
      logger,
    }),
  });
  using screen = openScreen(terminal);
  screen.say('wasmlet demo: a Kubernetes node without a cluster, with the pods of examples/demo.');
  const unsubscribe = node.onChange(() => screen.pods(node.pods()));
  await using _lines = followLogs(node, (line) => screen.line(line));
  for (const file of manifests) {
    const text = await readFile(join(examples, 'demo', file), 'utf8');
    const placed = text.replaceAll('${EXAMPLES}', examples).replaceAll('${FACTS_URL}', facts.url);
    for (const manifest of parseManifests(file, placed)) node.apply(manifest);
  }
  screen.say(
    [
      'cat-facts asks a small server on loopback, through its allow-list, every five seconds.',
      'Try next, in another terminal:',
      '  node_modules/.bin/node apps/node-daemon/dist/cli.js run examples/hello-wasm/hello-wasm.wasm',
      '  node_modules/.bin/node apps/node-daemon/dist/cli.js --help',
      'and docs/tutorial.md for a real cluster. Ctrl-C ends the demo.',
    ].join('\n'),
  );
  await Promise.race([untilAborted(interruption.signal), node.stopped]);
  unsubscribe();
  screen.say('Stopping.');
}

/** The repository's examples, from `src/commands` as from `dist`. */
function findExamples(): string {
  for (const up of ['../../../examples', '../../../../examples', '../../examples']) {
    const path = fileURLToPath(new URL(up, import.meta.url));
    if (existsSync(join(path, 'demo'))) return path;
  }
  throw new CommandError(
    'EXAMPLES',
    'The demo needs the folder examples/ of the repository: run it from a clone.',
  );
}
