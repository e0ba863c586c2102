import { fixed, machineLine } from '../machine.ts';
import { cpuUsPerEvent } from '../processor/end-to-end-part.ts';
import { cpuTable, goals } from '../processor/processor-report.ts';
import { awayFromKafka } from '../report.ts';
import { CLOSED_LOOP_CONNECTIONS } from '../session.ts';
import { checkGoal } from '../statistics.ts';
import {
  type OffAndOn,
  type TelemetryBenchOptions,
  type TelemetryFigures,
  TRACED_RATIO,
} from './telemetry-bench.ts';

/** The limit. */
const CPU_GOAL = 1.15;
/** What figures are made with; with less it is a trial. */
const FULL = { rounds: 3, events: 40_000, seconds: 10 };

export interface TelemetryReportFacts {
  readonly figures: TelemetryFigures;
  readonly options: Pick<TelemetryBenchOptions, 'rounds' | 'seconds' | 'rate' | 'events' | 'log'>;
  readonly startedAt: Date;
}

/** Markdown for docs/benchmarks/telemetry.md. */
export function telemetryReport({ figures, options, startedAt }: TelemetryReportFacts): string {
  const { ingress, processor } = figures;
  const services = Object.entries({ ingress, processor }).flatMap(([name, rounds]) =>
    rounds === null ? [] : [{ name, rounds }],
  );
  const sections = [
    machine(figures, options, startedAt),
    cpuTable(
      services.flatMap(({ name, rounds: { off, on } }) => [
        [`${name}, off`, off] as const,
        [`${name}, on`, on] as const,
      ]),
    ),
    ...awayFromKafka(ingress?.recordsPer200 ?? null),
    goals(
      services.map(({ name, rounds: { off, on } }) => [
        name,
        checkGoal(on.map(cpuUsPerEvent), off.map(cpuUsPerEvent), CPU_GOAL),
      ]),
      'CPU of an event, on by off',
    ),
    ...services.flatMap(({ name, rounds }) => dropped(name, rounds)),
  ];
  return `${sections.join('\n\n')}\n`;
}

function machine(
  { version, loads: [before, after], batches }: TelemetryFigures,
  options: TelemetryReportFacts['options'],
  startedAt: Date,
): string {
  const { rounds, seconds, rate, events } = options;
  const log = options.log === 'kafka' ? 'Kafka (one broker, 12 partitions)' : 'the inbox';
  const shape = rate === null ? `${CLOSED_LOOP_CONNECTIONS} connections in a closed loop` : `${rate}/s`;
  const lines = [
    machineLine(startedAt),
    `${version}. Load average ${fixed(before, 1)} before, ${fixed(after, 1)} after.`,
    `Ingress: ${rounds} × ${seconds} s, ${shape}. Processor: ${rounds} × ${events} events. The log is ${log}. All servers and programs share the machine.`,
    `On: ${TRACED_RATIO * 100} % of the traces, which were ${batches} requests to the collector, and metrics scraped. Spread is the largest round by the smallest of the same program.`,
  ];
  if (rounds < FULL.rounds || events < FULL.events || seconds < FULL.seconds)
    lines.push(
      `**A short run (${rounds} × ${seconds} s, ${events} events): for trying out, not for figures.**`,
    );
  return lines.join('\n');
}

function dropped(name: string, { droppedSpans }: OffAndOn): string[] {
  if (droppedSpans === 0) return [];
  return [
    `**The collector never got ${droppedSpans} spans of the ${name}: their cost is not in its figures.**`,
  ];
}
