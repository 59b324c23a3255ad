// A program that uses the library as one's own would: JavaScript, a process and a client that stay.
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { copy, createRegistryClient, openLayoutStore, parseReference } from '@wasmlet/oci-wasm';

const client = createRegistryClient();

process.on('message', (job) => {
  measure(job).then(
    (cost) => process.send?.(cost),
    (error) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.once('disconnect', () => void client[Symbol.asyncDispose]());

/**
 * @param {import('./job.ts').Job} job
 * @returns {Promise<import('./job.ts').Cost>}
 */
async function measure(job) {
  const used = process.cpuUsage();
  const begin = performance.now();
  await transfer(job);
  const wallMs = performance.now() - begin;
  const { user, system } = process.cpuUsage(used);
  return { wallMs, cpuMs: (user + system) / 1000, peakBytes: peakOfThisProcess() };
}

/** @param {import('./job.ts').Job} job */
async function transfer({ kind, reference, layout, digest }) {
  const store = await openLayoutStore(layout);
  const repository = client.repository(parseReference(reference));
  if (kind === 'pull') {
    await copy({ from: repository, to: store, source: reference });
    return;
  }
  const { registry, repository: name } = parseReference(reference);
  await copy({
    from: store,
    to: repository,
    source: `${registry}/${name}@${digest}`,
    destination: reference,
  });
}

/** The kernel's own mark: `maxRSS` of a child begins with what its parent had. */
function peakOfThisProcess() {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
