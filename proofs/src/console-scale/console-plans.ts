import { pageAudit } from '@ackline/store/audit';
import { countDue } from '@ackline/store/destinations';
import { eventOfKey, locateEvent, readDeliveriesOf, readDelivery } from '@ackline/store/event-details';
import { findPlaces, NEWEST, placeBefore } from '@ackline/store/event-places';
import { countParkedUpTo, pageParked } from '@ackline/store/parked';
import { readCauses } from '@ackline/store/parked-causes';
import { pageRejections } from '@ackline/store/rejections';
import { countPendingReplays, pageReplays } from '@ackline/store/replays';
import { readDeliveryTotals, readRatedSources, readSourcePoints } from '@ackline/store/totals-history';
import type pg from 'pg';
import type { Known } from './measured-calls.ts';

type Queryable = Pick<pg.Pool, 'query'>;

export interface PlanFigure {
  readonly name: string;
  readonly indexes: readonly string[];
  /** Read from end to end. */
  readonly whole: readonly string[];
  readonly ms: number;
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** Of a table with some pages a whole look is the cheapest one. */
const SMALL_ROWS = 2_000;

const DAY_MS = 86_400_000;
const first = { before: NEWEST, limit: 50 };
const page = { before: null, limit: 50 };
const totals = (ms: number, stepS: number) => ({ since: new Date(Date.now() - ms), stepS, tenant: null });

function looksOf({
  event,
  parked,
}: Known): Readonly<Record<string, (queryable: Queryable) => Promise<unknown>>> {
  return {
    'events, the newest': q => findPlaces(q, {}, first),
    'events of no source': q => findPlaces(q, { source: 'nobody' }, first),
    'events of an ordering key': q => findPlaces(q, { orderingKey: 'k77' }, first),
    'events to no destination': q => findPlaces(q, { destination: 'nobody' }, first),
    'events that are parked': q => findPlaces(q, { state: 'parked' }, first),
    'the place of a time': q => placeBefore(q, new Date(Date.now() - 3 * DAY_MS).toISOString()),
    'an event by its key': q => eventOfKey(q, { source: 's7', dedupKey: 'd77' }),
    'an event by its id': async q => {
      const located = await locateEvent(q, event);
      if (located !== null) await readDeliveriesOf(q, located);
    },
    'a delivery': q => readDelivery(q, parked),
    'parked, the newest': q => pageParked(q, {}, page),
    'parked of a cause': q => pageParked(q, { cause: 'd1 501' }, page),
    'parked of no source': q => pageParked(q, { source: 'nobody' }, page),
    'causes of what is parked': q => readCauses(q, null),
    'causes of a tenant': q => readCauses(q, 't1'),
    'how much is parked': q => countParkedUpTo(q, null),
    'how much of a tenant is parked': q => countParkedUpTo(q, 't1'),
    'how much is parked of nobody': q => countParkedUpTo(q, 'nobody'),
    'what is due': q => countDue(q, ['d0', 'd1', 'd2', 'd3']),
    'totals of an hour': q => readSourcePoints(q, totals(3_600_000, 60)),
    'totals by source': q => readRatedSources(q, totals(6 * 3_600_000, 60)),
    'totals of deliveries': q => readDeliveryTotals(q, totals(3_600_000, 60)),
    replays: q => pageReplays(q, null, page),
    'replays that are pending': q => countPendingReplays(q, null),
    'refused requests': q => pageRejections(q, null, page),
    'the audit': q => pageAudit(q, {}, page),
    'the audit of nobody': q => pageAudit(q, { actor: 'nobody' }, page),
  };
}

/** What the pages' statements read by, in the plans that they ran with. */
export async function readPlans(pool: pg.Pool, known: Known): Promise<readonly PlanFigure[]> {
  const figures: PlanFigure[] = [];
  for (const [name, look] of Object.entries(looksOf(known))) {
    const nodes: PlanNode[] = [];
    let ms = 0;
    const explained = {
      query: async (query: string | { text: string; values?: unknown[] }, given: unknown[] = []) => {
        const { text, values = given } = typeof query === 'string' ? { text: query } : query;
        const { rows } = await pool.query(`explain (analyze, format json) ${text}`, values);
        const [plan] = (rows[0] as { 'QUERY PLAN': [{ Plan: PlanNode; 'Execution Time': number }] })[
          'QUERY PLAN'
        ];
        nodes.push(...flattened(plan.Plan));
        ms += plan['Execution Time'];
        return pool.query(text, values);
      },
    } as unknown as Queryable;
    await look(explained);
    const ran = nodes.filter(node => node['Actual Loops'] > 0);
    figures.push({
      name,
      ms,
      indexes: [...new Set(ran.flatMap(node => indexOf(node['Index Name'])))].sort(),
      whole: ran
        .filter(node => node['Node Type'] === 'Seq Scan' && rowsOf(node) > SMALL_ROWS)
        .map(node => node['Relation Name'] ?? ''),
    });
  }
  return figures;
}

/** Of a day's partition the name without the day. */
function indexOf(name: string | undefined): readonly string[] {
  return name === undefined ? [] : [name.replace(/_\d{8}/, '_<day>')];
}

/** Of the heap, in all. */
function rowsOf(node: PlanNode): number {
  return (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
}

function flattened(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flattened)];
}
