import { performanceText as summaryText } from '@ackline/runtime/performance-report';
import { shortTime } from '../output/short-time.ts';
import { printable } from '@ackline/shared/printable';
import { formatTable } from '../output/text-table.ts';
import { formatBytes, formatCount, formatMs, plural } from '../output/units.ts';
import type { DestinationPerformance, FunctionCost, Performance } from './performance.ts';

const NOT_KNOWN = '–';

export const NOTHING_YET =
  'No processor has told of a handler yet. It does so every five seconds while it has a destination of type handler.';

export function performanceText(performance: Performance, slowest: number): string {
  const { processors, since, destinations } = performance;
  if (since === null) return NOTHING_YET;
  const parts = [
    `${plural(processors, 'processor')}, counted since ${shortTime(new Date(since))}`,
    summaryText(performance.summary),
    functionsTable(destinations),
    callsTable(destinations),
    slowTable(destinations, slowest),
    hintLines(destinations),
  ];
  return parts.filter(part => part !== null).join('\n\n');
}

function functionsTable(destinations: readonly DestinationPerformance[]): string | null {
  const rows = destinations.flatMap(({ name, handler, functions }) => [
    ...handler.map(cost => functionRow(name, `${cost.name} (each event)`, cost)),
    ...functions.map(cost => functionRow(name, cost.name, cost)),
  ]);
  if (rows.length === 0) return null;
  return formatTable(
    ['DESTINATION', 'FUNCTION', 'CALLS', 'ERRORS', 'P50', 'P95', 'P99', 'MAX', 'HEAP/CALL'],
    rows,
  );
}

function functionRow(destination: string, name: string, cost: FunctionCost): readonly string[] {
  const shown = (ms: number | null) => (ms === null ? NOT_KNOWN : formatMs(ms));
  const times = [cost.p50Ms, cost.p95Ms, cost.p99Ms, cost.maxMs].map(shown);
  const counts = [formatCount(cost.count), formatCount(cost.errors)];
  return [destination, name, ...counts, ...times, formatBytes(cost.heapBytesPerCall)];
}

function callsTable(destinations: readonly DestinationPerformance[]): string | null {
  const rows = destinations.flatMap(({ name, calls }) =>
    calls.map(({ origin, count, errors, avgMs }) => [
      name,
      origin,
      formatCount(count),
      formatCount(errors),
      formatMs(avgMs),
    ]),
  );
  return rows.length === 0 ? null : formatTable(['DESTINATION', 'CALLS OF', 'CALLS', 'ERRORS', 'AVG'], rows);
}

function slowTable(destinations: readonly DestinationPerformance[], slowest: number): string | null {
  const rows = destinations
    .flatMap(({ name, handler, functions }) =>
      [...handler, ...functions].flatMap(cost =>
        cost.slowest.map(({ at, ms }) => ({ at, ms, name, called: cost.name })),
      ),
    )
    .sort((a, b) => b.ms - a.ms)
    .slice(0, slowest);
  if (rows.length === 0) return null;
  return formatTable(
    ['SLOWEST', 'AT', 'DESTINATION', 'FUNCTION'],
    rows.map(({ at, ms, name, called }) => [formatMs(ms), shortTime(new Date(at)), name, called]),
  );
}

function hintLines(destinations: readonly DestinationPerformance[]): string {
  const lines = destinations.flatMap(({ name, hints }) =>
    hints.map(({ what, fix }) => `- ${name}: ${what}.\n  ${fix}.`),
  );
  return lines.length === 0 ? 'No bottleneck shows.' : ['Bottlenecks:', ...lines].map(wrapped).join('\n');
}

/** Lines of its own stay; what is from handlers can't rewrite the screen. */
function wrapped(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
