import { expect, test } from 'vitest';
import {
  channels,
  controlText,
  createFrameDecoder,
  encodeData,
  encodeText,
  type Frame,
  maxControlBytes,
  maxDataBytes,
} from '../../../src/isolation/wire/frames.ts';
import {
  type HostMessage,
  maxFrames,
  maxPartLength,
  maxResults,
  maxTextLength,
  parseDaemonMessage,
  parseHostMessage,
} from '../../../src/isolation/wire/messages.ts';
import { parseSeatGone } from '../../../src/isolation/wire/seat-messages.ts';
import { createDice, type Dice } from '../../fixtures/dice.ts';
import { faultsOf, fuzzTimeoutMs, heldBytes, toHex } from '../../fixtures/faults-of.ts';
import { mutate } from '../../fixtures/mutate.ts';
import { randomMessage, randomSeatGone, spoil } from '../../fixtures/random-messages.ts';

// A guest that breaks out of its sandbox speaks to the daemon on this wire: whatever it sends, there are frames and messages
// within their bounds, or a refusal that ends the guest host. Seeded, so that a failure can be repeated; with FUZZ_SECONDS, each
// test goes on so much longer with other seeds.
const rounds = 4_000;
const timeout = fuzzTimeoutMs;

/** Frames as a guest host sends them, one after the other. */
function randomFrames(dice: Dice): Buffer {
  const frames = Array.from({ length: 1 + dice.below(5) }, () => {
    const seat = dice.pick([0, 0, 1, 0xffff_ffff]);
    if (dice.below(2) === 0) return [encodeText('control', controlText(randomMessage(dice)), seat)];
    if (dice.below(4) === 0) return [encodeText('seat', controlText(randomSeatGone(dice)), seat)];
    const bytes = Buffer.alloc(dice.pick([0, 1, 50, 300]), dice.below(256));
    return encodeData(dice.pick(channels), bytes, seat);
  });
  return Buffer.concat(frames.flat());
}

const frameMutant = (dice: Dice): Uint8Array => mutate(randomFrames(dice), dice);

/** Frames until the end or a refusal, cut where `sizes` says; anything else that is thrown is thrown on. */
function decode(
  bytes: Uint8Array,
  sizes: () => number,
): { frames: readonly Frame[]; refusal: string | undefined } {
  const decoder = createFrameDecoder();
  const frames: Frame[] = [];
  try {
    for (let at = 0; at < bytes.length; ) {
      const end = at + sizes();
      decoder.push(bytes.subarray(at, end), (frame) => frames.push(frame));
      at = end;
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { frames, refusal: error.message };
  }
  return { frames, refusal: undefined };
}

function readFrames(bytes: Uint8Array): string | undefined {
  const whole = decode(bytes, () => bytes.length);
  const dice = createDice(bytes.length + 1);
  const cut = decode(bytes, () => 1 + dice.below(30));
  if (JSON.stringify(whole) !== JSON.stringify(cut)) return 'cut, it is something else';
  for (const frame of whole.frames) {
    if (frame.kind === 'data' && frame.bytes.length > maxDataBytes) return `a frame of ${frame.bytes.length}`;
    const fault = frame.kind === 'data' ? undefined : readText(frame);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function readText({ kind, text }: Exclude<Frame, { kind: 'data' }>): string | undefined {
  const json = parsed(text);
  if (kind === 'control') return readMessage(json);
  const gone = attempt(() => parseSeatGone(json));
  return gone && (gone.how.length > 1000 ? 'a long end' : textFault(gone.how));
}

/** JSON of the text, or nothing: that too is refused as a message. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readMessage(json: unknown): string | undefined {
  attempt(() => parseDaemonMessage(json));
  const message = attempt(() => parseHostMessage(json));
  return message && excessOf(message);
}

/** A message is refused by a `TypeError` with a text of ours, none of which speaks of what is undefined. */
function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof TypeError && /^(?:no|an unknown) \w/.test(error.message)) return undefined;
    throw error;
  }
}

/** What of a message is beyond its bound, or what a terminal would obey. */
function excessOf(message: HostMessage): string | undefined {
  if (message.tag === 'diagnostic') return message.part.length > maxPartLength ? 'a long part' : undefined;
  if (message.tag === 'report') return textFault(message.module);
  if (message.tag !== 'ended') return textsIn(message).map(textFault).find(Boolean);
  const { end } = message;
  if (end.kind === 'exited') return (end.results ?? []).length > maxResults ? 'many results' : undefined;
  if (end.backtrace.length > maxFrames) return `${end.backtrace.length} frames`;
  const numbers = end.backtrace.flatMap((frame) => [frame.function, frame.offset, frame.line ?? 0]);
  if (!numbers.every((one) => Number.isInteger(one) && one >= 0 && one < 2 ** 32)) return 'no numbers';
  return textsIn(end).map(textFault).find(Boolean);
}

function textFault(text: string): string | undefined {
  if (text.length > maxTextLength + 1) return `a text of ${text.length}`;
  return /(?![\n\t])\p{Cc}/u.test(text) ? 'a text with controls' : undefined;
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** A message that is right has the same texts afterwards, but for long ones and controls. */
function readRight(json: unknown): string | undefined {
  const message = parseHostMessage(json);
  const sent = JSON.stringify(json);
  const isPlain = sent.length < maxTextLength && !/\\u00|\\b|\u0085/.test(sent);
  const [before, after] = [json, message].map((one) => JSON.stringify(textsIn(one).toSorted(byText)));
  return isPlain && before !== after ? 'is taken for another' : excessOf(message);
}

const byText = (a: string, b: string): number => (a < b ? -1 : 1);
const spoiltMessage = (dice: Dice): unknown => spoil(randomMessage(dice), dice);

test('messages that are right are taken as they are', { timeout }, async () => {
  const faults = await faultsOf({ rounds, make: randomMessage, read: readRight, show: JSON.stringify });
  expect(faults).toEqual([]);
});

test('spoilt messages are taken within their bounds, or refused', { timeout }, async () => {
  const faults = await faultsOf({
    rounds: 5 * rounds,
    make: spoiltMessage,
    read: readMessage,
    show: JSON.stringify,
  });
  expect(faults).toEqual([]);
});

/** Frames that are right are the same when they are sent again. */
function readRightFrames(bytes: Uint8Array): string | undefined {
  const { frames, refusal } = decode(bytes, () => 7);
  const back = frames.map((frame) =>
    frame.kind === 'data'
      ? Buffer.concat(encodeData(frame.channel, frame.bytes, frame.seat))
      : encodeText(frame.kind, frame.text, frame.seat),
  );
  return refusal ?? (Buffer.concat(back).equals(bytes) ? undefined : 'are others when they are sent again');
}

test('frames come whole however they are cut', { timeout }, async () => {
  const frames = { make: randomFrames, read: readRightFrames, show: toHex };
  expect(await faultsOf({ rounds: rounds / 4, ...frames })).toEqual([]);
});

test('mutants of frames are read or refused, soon and in little memory', { timeout }, async () => {
  const before = heldBytes();
  expect(await faultsOf({ rounds, make: frameMutant, read: readFrames, show: toHex })).toEqual([]);
  expect(heldBytes() - before).toBeLessThan(256 * 1024 * 1024);
});

/** Heads of frames that announce much, one after the other. */
function greedyHeads(dice: Dice): Uint8Array {
  const heads = Array.from({ length: 4 }, () => {
    const head = Buffer.alloc(9, dice.below(256));
    head.writeUInt32LE(dice.pick([maxControlBytes, maxDataBytes, 2 ** 32 - 1, dice.below(2 ** 32)]), 0);
    head.writeUInt8(dice.below(8), 8);
    return head;
  });
  return Buffer.concat(heads);
}

function readGreedy(bytes: Uint8Array): string | undefined {
  const before = process.memoryUsage().arrayBuffers;
  decode(bytes, () => 5);
  const held = process.memoryUsage().arrayBuffers - before;
  return held > 2 * maxControlBytes ? `holds ${held} bytes` : undefined;
}

test('a frame takes no more memory than it may have', { timeout }, async () => {
  expect(await faultsOf({ rounds: 500, make: greedyHeads, read: readGreedy, show: toHex })).toEqual([]);
});
