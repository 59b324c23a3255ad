import { createHash, randomUUID } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';

/**
 * A name for something that this process leaves in a store, by which other processes can tell whether it is still
 * there: machine, process id, when the process began, and a number of its own.
 */
export async function ownedName(): Promise<string> {
  return `${await machine()}-${process.pid}-${await startOf(process.pid)}-${randomUUID()}`;
}

/**
 * Whether the process of such a name has ended; `undefined` when that cannot be told, because it ran on another
 * machine or in another container, or because the name is none of these.
 */
export async function hasEnded(name: string): Promise<boolean | undefined> {
  const [, where, pid, start] = pattern.exec(name) ?? [];
  if (where === undefined || where !== (await machine())) return undefined;
  if (!isAlive(Number(pid))) return true;
  // Process ids are given again.
  return (await startOf(Number(pid))) !== start;
}

const pattern = /(?:^|[^a-f0-9])([a-f0-9]{12})-(\d+)-(\d+)-[a-f0-9]{8}-/;

/** Process ids mean something within one name space of one machine. */
async function machine(): Promise<string> {
  const space = await readlink('/proc/self/ns/pid').catch(() => '');
  return createHash('sha256').update(`${hostname()} ${space}`).digest('hex').slice(0, 12);
}

/** In ticks since the machine began; 0 where that cannot be had. */
async function startOf(pid: number): Promise<string> {
  const line = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  // The second field is the program's name in parentheses, with any characters in it.
  const [state = '', ...fields] = line.slice(line.lastIndexOf(')') + 2).split(' ');
  // Of one that has ended, and whose parent has not asked how, only the number is left.
  return state === 'Z' || state === 'X' ? 'ended' : (fields[18] ?? '0');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
