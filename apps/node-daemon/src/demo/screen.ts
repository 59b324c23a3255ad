import Table from 'cli-table3';
import { createLogUpdate } from 'log-update';
import type { Pod } from '@wasmlet/kubelet';
import type { Terminal } from '../commands/terminal.ts';
import { podRow } from '../local/pod-rows.ts';
import type { LogLine } from '../local/log-lines.ts';

/** Where the demo shows pods and log lines. Disposing it leaves the cursor below what was shown. */
export interface Screen extends Disposable {
  pods(pods: readonly Pod[]): void;
  line(line: LogLine): void;
  say(text: string): void;
}

/** A live table below the log lines on a terminal, plain lines elsewhere. */
export function openScreen(terminal: Terminal): Screen {
  return terminal.stdout.isTTY === true ? liveScreen(terminal) : plainScreen(terminal);
}

function liveScreen(terminal: Terminal): Screen {
  const update = createLogUpdate(terminal.stdout as NodeJS.WriteStream);
  let shown: readonly Pod[] = [];
  const draw = (): void => update(`\n${podTable(shown)}`);
  const above = (text: string): void => {
    update.clear();
    terminal.stdout.write(`${text}\n`);
    draw();
  };
  const ticker = setInterval(draw, 1000); // the AGE column
  return {
    pods(pods) {
      shown = pods;
      draw();
    },
    line: (line) => above(formatLine(line)),
    say: above,
    [Symbol.dispose]() {
      clearInterval(ticker);
      update.done();
    },
  };
}

function plainScreen(terminal: Terminal): Screen {
  const last = new Map<string, string>();
  return {
    pods(pods) {
      for (const pod of pods) {
        const { name, ready, status, restarts } = podRow(pod, new Date());
        const text = `${name}  ${ready}  ${status}  restarts ${restarts}`;
        if (last.get(name) === text) continue;
        last.set(name, text);
        terminal.stdout.write(`pod ${text}\n`);
      }
    },
    line: (line) => terminal.stdout.write(`${formatLine(line)}\n`),
    say: (text) => terminal.stdout.write(`${text}\n`),
    [Symbol.dispose]() {},
  };
}

const formatLine = ({ pod, text }: LogLine): string => `${pod}: ${text}`;

function podTable(pods: readonly Pod[]): string {
  const table = new Table({
    head: ['NAME', 'READY', 'STATUS', 'RESTARTS', 'AGE'],
    style: { head: [], border: [], compact: true },
    chars: borderless,
  });
  for (const pod of pods) {
    const { name, ready, status, restarts, age } = podRow(pod, new Date());
    table.push([name, ready, status, String(restarts), age]);
  }
  return table.toString();
}

const borderless = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '   ',
};
