import type { FaultRow, Latency } from './fault-row.ts';

const HEAD = [
  'state',
  'requests',
  '2xx',
  'others',
  'updates with a 2xx',
  'stored',
  '**2xx − stored**',
  '**stored twice**',
  'kafka / inbox / spool',
  'ack before, p50 / p99 ms',
  'ack in the state, p50 / p99 / max ms',
  'after its first 3 s, p99 ms',
  'drain s',
  'rest s',
  '`onUndurable: 200`: 2xx / not stored / `lost`',
] as const;

export function faultTable(rows: readonly FaultRow[]): string {
  const lines = [HEAD, HEAD.map((_, index) => (index === 0 ? '---' : '---:')), ...rows.map(cells)];
  return lines.map(line => `| ${line.join(' | ')} |`).join('\n');
}

function cells(row: FaultRow): readonly string[] {
  const { appended, lossy, inState } = row;
  return [
    row.broken.length === 0 ? row.state : `${row.state} — BROKEN`,
    whole(row.requests),
    whole(row.answered2xx),
    Object.entries(row.others)
      .map(([status, count]) => `${status}: ${whole(count)}`)
      .join(', ') || '0',
    whole(row.accepted),
    whole(row.stored),
    `**${row.lost}**`,
    `**${row.storedTwice}**`,
    [appended['kafka'], appended['inbox'], appended['spool']].map(count => whole(count ?? 0)).join(' / '),
    p50p99(row.calm),
    `${p50p99(inState)} / ${ms(inState.max)}`,
    ms(row.settled.p99),
    row.drainMs === null ? 'never' : (row.drainMs / 1_000).toFixed(1),
    (row.settleMs / 1_000).toFixed(1),
    `${whole(lossy.answered2xx)} / ${lossy.notStored} / ${lossy.counted}`,
  ];
}

const p50p99 = ({ p50, p99 }: Latency): string => `${ms(p50)} / ${ms(p99)}`;
const ms = (value: number): string => (Number.isNaN(value) ? '–' : value.toFixed(value < 10 ? 1 : 0));
const whole = (value: number): string => value.toLocaleString('en-US');
