import type { HostMessage } from '../wire/messages.ts';
import type { Wire } from '../wire/wire.ts';
import { createReportLimit } from './report-limit.ts';

/** Passes reports of host modules on; what comes too fast, or is no JSON of a sane size, is dropped and counted. */
export function createReporter(wire: Wire<HostMessage>): (module: string, report: unknown) => void {
  const limit = createReportLimit();
  let unsendable = 0;
  return (module, report) => {
    const before = limit.pass();
    if (before === undefined) return;
    try {
      wire.send({ tag: 'report', module, report, dropped: before + unsendable });
      unsendable = 0;
    } catch {
      unsendable += before + 1;
    }
  };
}
