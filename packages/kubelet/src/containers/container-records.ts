import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { podDirectory } from '../logs/log-paths.ts';
import type { ContainerView, Terminated } from './container-state.ts';

/**
 * What is kept on disk of a container's runs, so that a restarted daemon neither runs twice what has
 * completed nor forgets how often the rest was restarted: the run that was started last, with its end when
 * it has one, and the end of the run before it.
 */
export interface ContainerRecord {
  readonly attempt: number;
  readonly image: string;
  readonly imageId?: string;
  readonly containerId?: string;
  readonly startedAt?: Date;
  readonly end?: Terminated;
  readonly last?: Terminated;
}

/** The record file of one container. */
export interface ContainerRecords {
  /** `undefined` when there is none, or none that can be read. */
  load(): Promise<ContainerRecord | undefined>;
  /** Replaces the record; calls are carried out in their order. */
  save(record: ContainerRecord): Promise<void>;
  /** As if the container had never run. */
  clear(): Promise<void>;
}

const version = 1;
/** A record is about 1 kB; messages are at most 4 KiB each. */
const maxRecordBytes = 64 * 1024;

export function containerRecords(dataDirectory: string, uid: string, container: string): ContainerRecords {
  const path = join(podDirectory(dataDirectory, uid), 'records', `${container}.json`);
  let written: Promise<void> = Promise.resolve();
  const next = (act: () => Promise<void>): Promise<void> => {
    written = written.catch(() => undefined).then(act);
    return written;
  };

  return {
    async load() {
      try {
        const text = await readFile(path, 'utf8');
        return text.length > maxRecordBytes ? undefined : parseRecord(JSON.parse(text));
      } catch {
        return undefined;
      }
    },
    save: (record) => next(() => writeAtomically(path, JSON.stringify({ version, ...record }))),
    clear: () => next(() => rm(path, { force: true })),
  };
}

/** The record of a container that has run. */
export function recordOf(view: ContainerView, attempt: number): ContainerRecord {
  const { image, imageId, containerId, state, last } = view;
  const run = {
    attempt,
    image,
    ...(imageId === undefined ? {} : { imageId }),
    ...(containerId === undefined ? {} : { containerId }),
  };
  const before = last === undefined ? {} : { last };
  switch (state.phase) {
    case 'running':
      return { ...run, startedAt: state.startedAt, ...before };
    case 'terminated':
      return { ...run, end: state, ...before };
    case 'waiting':
      // It waits for its next run: the latest one has ended.
      return { ...run, ...(last === undefined ? {} : { end: last }) };
    default:
      return state satisfies never;
  }
}

/** The record of a run that is about to begin. */
export function announcedRun(before: ContainerView, attempt: number): ContainerRecord {
  const last = before.state.phase === 'terminated' ? before.state : before.last;
  return { attempt, image: before.image, ...(last === undefined ? {} : { last }) };
}

/** A rename is all it takes: what was written survives the process, and after a power cut the API is asked. */
async function writeAtomically(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(`${path}.tmp`, text, { mode: 0o600 });
  await rename(`${path}.tmp`, path);
}

function parseRecord(value: unknown): ContainerRecord | undefined {
  if (!isObject(value) || value['version'] !== version) return undefined;
  const { attempt, image, imageId, containerId } = value;
  if (!isCount(attempt) || typeof image !== 'string') return undefined;
  const startedAt = parseDate(value['startedAt']);
  const end = parseTerminated(value['end']);
  const last = parseTerminated(value['last']);
  return {
    attempt,
    image,
    ...(typeof imageId === 'string' ? { imageId } : {}),
    ...(typeof containerId === 'string' ? { containerId } : {}),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(end === undefined ? {} : { end }),
    ...(last === undefined ? {} : { last }),
  };
}

function parseTerminated(value: unknown): Terminated | undefined {
  if (!isObject(value)) return undefined;
  const { attempt, exitCode, reason, message, containerId } = value;
  if (!isCount(attempt) || !isCount(exitCode) || typeof reason !== 'string') return undefined;
  const startedAt = parseDate(value['startedAt']);
  const finishedAt = parseDate(value['finishedAt']);
  return {
    phase: 'terminated',
    attempt,
    exitCode,
    reason,
    ...(typeof message === 'string' ? { message } : {}),
    ...(typeof containerId === 'string' ? { containerId } : {}),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(finishedAt === undefined ? {} : { finishedAt }),
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function parseDate(value: unknown): Date | undefined {
  if (typeof value !== 'string') return undefined;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
