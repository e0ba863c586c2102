export type DeliveryState = 'waiting' | 'due' | 'leased' | 'delivered' | 'parked' | 'discarded';

/** All that is given must hold. Times are ISO. */
export interface EventSearch {
  readonly source?: string | undefined;
  /** One of them. */
  readonly sources?: readonly string[] | undefined;
  readonly tenant?: string | undefined;
  readonly type?: string | undefined;
  readonly dedupKey?: string | undefined;
  readonly orderingKey?: string | undefined;
  readonly receivedSince?: string | undefined;
  readonly receivedUntil?: string | undefined;
  readonly storedSince?: string | undefined;
  readonly storedUntil?: string | undefined;
  /** With a delivery that is both. */
  readonly destination?: string | undefined;
  readonly state?: DeliveryState | undefined;
}

/** Rows that one look reads of an index and its table, some ten milliseconds: what a filter leaves of them is found behind its cursor. */
const LOOKED_AT = 10_000;
/** Each of these is looked for among the deliveries too. */
const LOOKED_AT_WITH_DELIVERIES = 2_000;
/** A transaction stores with the time of its start, and commits seconds later: so far a place may be from its time. */
export const COMMIT_SLACK_MS = 60_000;
/** Between the clocks of ingresses and that of the database. */
const CLOCK_SLACK_DAYS = 1;
const MS_PER_DAY = 86_400_000;

const OPEN_STATES: ReadonlySet<DeliveryState> = new Set(['waiting', 'due', 'leased', 'parked']);

export interface Conditions {
  readonly conditions: readonly string[];
  readonly values: readonly (string | readonly string[])[];
  /** A join that leaves the events with such a delivery; empty: none is asked for. */
  readonly ofDeliveries: string;
  /** Rows that a look for them may read. */
  readonly most: number;
}

/** Of an event `e`, with parameters behind the statement's own `parameters`. */
export function conditionsOf(search: EventSearch, parameters: number): Conditions {
  const values: (string | readonly string[])[] = [];
  const add = (value: string | readonly string[]) => `$${values.push(value) + parameters}`;
  const conditions: string[] = [];
  const where = (value: string | readonly string[] | undefined, condition: (parameter: string) => string) => {
    if (value !== undefined) conditions.push(condition(add(value)));
  };
  where(search.source, parameter => `e.source = ${parameter}::text`);
  where(search.sources, parameter => `e.source = any(${parameter}::text[])`);
  where(search.tenant, parameter => `e.tenant = ${parameter}::text`);
  where(search.type, parameter => `e.type = ${parameter}::text`);
  where(search.dedupKey, parameter => `e.dedup_key = ${parameter}::text`);
  where(search.orderingKey, parameter => `e.ordering_key = ${parameter}::text`);
  where(search.receivedSince, parameter => `e.received_at >= ${parameter}::timestamptz`);
  where(search.receivedUntil, parameter => `e.received_at <= ${parameter}::timestamptz`);
  where(search.storedSince, parameter => `e.stored_at >= ${parameter}::timestamptz`);
  where(search.storedUntil, parameter => `e.stored_at <= ${parameter}::timestamptz`);
  const ofDeliveries = deliveryJoin(search, add);
  const most = ofDeliveries === '' ? LOOKED_AT : LOOKED_AT_WITH_DELIVERIES;
  return { conditions, ofDeliveries, values, most };
}

/**
 * A lateral look for each event. With EXISTS the planner may choose to hash all deliveries, however many there are.
 */
function deliveryJoin({ destination, state }: EventSearch, add: (value: string) => string): string {
  if (destination === undefined && state === undefined) return '';
  const asked = [
    ...(destination === undefined ? [] : [`d.destination = ${add(destination)}::text`]),
    ...(state === undefined ? [] : [`d.state = ${add(state)}::text`]),
  ].join(' and ');
  const open = `select 1 from deliveries d where d.event_id = e.id and ${asked}`;
  const finished = `select 1 from finished_deliveries d where d.event_id = e.id and d.stored_day = e.stored_day and ${asked}`;
  const looks = state === undefined ? [open, finished] : [OPEN_STATES.has(state) ? open : finished];
  return `cross join lateral (select 1 from (${looks.join(' union all ')}) d limit 1) of_delivery`;
}

/** No event of an earlier day matches: an ISO date. */
export function firstDay({ storedSince, receivedSince }: EventSearch): string {
  const times = [
    ...(storedSince === undefined ? [] : [Date.parse(storedSince)]),
    ...(receivedSince === undefined ? [] : [Date.parse(receivedSince) - CLOCK_SLACK_DAYS * MS_PER_DAY]),
  ];
  return times.length === 0 ? '-infinity' : dayOf(Math.max(...times) - COMMIT_SLACK_MS);
}

export const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);
