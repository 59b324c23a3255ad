import { readFile, statfs } from 'node:fs/promises';
import { availableParallelism, freemem, hostname, release, totalmem, version } from 'node:os';

/** The machine that the node runs on. Injected, so that tests can have another one. */
export interface Machine {
  facts(): Promise<MachineFacts>;
  usage(): Promise<MachineUsage>;
}

/** What stays the same while the machine is up. */
export interface MachineFacts {
  readonly cpuCores: number;
  readonly memoryBytes: number;
  /** Size of the file system that holds the data directory. */
  readonly storageBytes: number;
  readonly machineId: string;
  readonly systemUuid: string;
  readonly bootId: string;
  readonly kernelVersion: string;
  readonly osImage: string;
}

export interface MachineUsage {
  readonly freeMemoryBytes: number;
  readonly freeStorageBytes: number;
  /** Tasks that could still be started; absent where the system does not say. */
  readonly freePids?: { readonly free: number; readonly limit: number };
}

/** The real one. `dataDirectory` has to exist. */
export function systemMachine(dataDirectory: string): Machine {
  return {
    async facts() {
      const disk = await statfs(dataDirectory);
      const machineId = await readWord('/etc/machine-id');
      return {
        cpuCores: availableParallelism(),
        memoryBytes: totalmem(),
        storageBytes: disk.blocks * disk.bsize,
        machineId: machineId || hostname(),
        systemUuid: (await readWord('/sys/class/dmi/id/product_uuid')) || machineId || hostname(),
        bootId: await readWord('/proc/sys/kernel/random/boot_id'),
        kernelVersion: release(),
        osImage: prettyName(await readText('/etc/os-release')) ?? version(),
      };
    },
    async usage() {
      const disk = await statfs(dataDirectory);
      const freePids = await readFreePids();
      return {
        freeMemoryBytes: freemem(),
        freeStorageBytes: disk.bavail * disk.bsize,
        ...(freePids === undefined ? {} : { freePids }),
      };
    },
  };
}

/** `0.20 0.18 0.12 1/80 11206`: of `running/all`, all is what counts. */
async function readFreePids(): Promise<MachineUsage['freePids']> {
  const tasks = Number(/\d+\/(\d+)/.exec(await readText('/proc/loadavg'))?.[1]);
  const limits = await Promise.all([
    readWord('/proc/sys/kernel/pid_max'),
    readWord('/proc/sys/kernel/threads-max'),
  ]);
  const limit = Math.min(...limits.map(Number));
  if (!(tasks > 0) || !(limit > 0)) return undefined;
  return { free: Math.max(0, limit - tasks), limit };
}

function prettyName(osRelease: string): string | undefined {
  return /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(osRelease)?.[1];
}

async function readWord(path: string): Promise<string> {
  return (await readText(path)).trim();
}

/** Empty where there is no such file, or it is for root only. */
async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
