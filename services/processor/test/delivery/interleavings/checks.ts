import { atOnce } from '@ackline/shared/routing/fan-out';
import { MAX_INTERRUPTIONS, MAX_KEPT_ATTEMPTS } from '@ackline/store/deliveries';
import type { Pool } from 'pg';
import { type Attempt, BLOCKING, LATE_SOURCE, SCHEDULE_MS, type World } from './world.ts';

interface Row {
  readonly id: string;
  readonly seq: string;
  readonly event_id: string;
  readonly source: string;
  readonly route: string;
  readonly destination: string;
  readonly ordering_key: string | null;
  readonly state: string;
  readonly blocks: boolean;
  readonly tries: number;
  readonly attempts: readonly { readonly at: string; readonly outcome: string }[];
}

/** A delivery with its attempts, in the order in which they began. */
interface Told {
  readonly row: Row;
  readonly sends: readonly Attempt[];
}

/** Keys with two heads, and keys where something waits behind none that knows it (H1, H2). */
export async function checkKeys(pool: Pool): Promise<readonly string[]> {
  const { rows } = await pool.query(
    `select destination, source, ordering_key, heads, followed, waiting
       from (select destination, source, ordering_key,
                    count(*) filter (where blocks or (state in ('due', 'leased') and not replay))::int as heads,
                    count(*) filter (where followed)::int as followed,
                    count(*) filter (where state = 'waiting')::int as waiting
               from deliveries where ordering_key is not null group by 1, 2, 3) k
      where heads > 1 or (waiting > 0 and (followed <> 1 or heads <> 1))`,
  );
  return rows.map(row => `a key without its head, or with two: ${JSON.stringify(row)}`);
}

/** All that is promised of a run that has come to its end; each sentence says what did not hold. */
export async function checkRun(world: World): Promise<readonly string[]> {
  const { rows } = await world.pool.query<Row>('select * from all_deliveries order by seq, id');
  const byDelivery = Map.groupBy(world.attempts, attempt => attempt.delivery);
  const told = rows.map((row): Told => ({ row, sends: byDelivery.get(row.id) ?? [] }));
  return [
    ...(await checkKeys(world.pool)),
    ...(await checkEvents(world)),
    ...(await checkAudit(world)),
    ...checkRoutes(world, rows),
    ...told.flatMap(one => [...checkAlone(one), ...checkCounts(world, one), ...checkRecords(one)]),
    ...checkContents(world, told),
    ...checkOrder(world, told),
  ];
}

/** Everything accepted is stored, once. */
async function checkEvents(world: World): Promise<readonly string[]> {
  const { rows } = await world.pool.query<{ dedup_key: string }>('select dedup_key from events');
  const counts = new Map<string, number>();
  for (const { dedup_key: key } of rows) counts.set(key, (counts.get(key) ?? 0) + 1);
  const wrong = [...world.accepted.keys()].filter(key => counts.get(key) !== 1);
  const quarantined = await world.pool.query('select from quarantine');
  return [
    ...wrong.map(key => `the event ${key} is stored ${counts.get(key) ?? 0} times`),
    ...((quarantined.rowCount ?? 0) > 0 ? [`${quarantined.rowCount} records are in quarantine`] : []),
  ];
}

/** What people did is in the audit, and nothing else. */
async function checkAudit(world: World): Promise<readonly string[]> {
  const { rows } = await world.pool.query<{ replayed: number; discarded: number }>(
    `select count(*) filter (where action = 'delivery.replayed')::int as replayed,
            coalesce(sum(coalesce((details ->> 'deliveries')::int, 1))
                     filter (where action = 'delivery.discarded'), 0)::int as discarded
       from audit`,
  );
  const replayed = world.replays.values().reduce((sum, count) => sum + count, 0);
  const discarded = world.discards.reduce((sum, { count }) => sum + count, 0);
  const noted = rows[0] ?? { replayed: 0, discarded: 0 };
  return noted.replayed === replayed && noted.discarded === discarded
    ? []
    : [`the audit says ${JSON.stringify(noted)}, people had ${JSON.stringify({ replayed, discarded })}`];
}

/** Each event has one delivery for each of its routes, and no other: none vanished, none came from nowhere. */
function checkRoutes(world: World, rows: readonly Row[]): readonly string[] {
  const stored = Map.groupBy(rows, row => row.event_id);
  const routesOf = [...world.accepted.values()].map(event => {
    const fanOut = atOnce(world.rules.all.fanOut(event));
    return fanOut.routing === 'routed' ? fanOut.routes.map(route => route.name) : [];
  });
  const wanted = routesOf.map(routes => routes.toSorted().join()).filter(names => names !== '');
  const found = [...stored.values()].map(ofEvent =>
    ofEvent
      .map(row => row.route)
      .toSorted()
      .join(),
  );
  const same = wanted.toSorted().join(' ') === found.toSorted().join(' ');
  const open = rows.filter(({ state, blocks }) => !/^(?:delivered|discarded|parked)$/.test(state) || blocks);
  return [
    ...(same ? [] : ['events have other deliveries than those of their routes']),
    ...open.map(row => `the delivery ${row.id} is still ${row.state}`),
  ];
}

/** One processor at a time sends a delivery. */
function checkAlone({ row, sends }: Told): readonly string[] {
  return sends.flatMap((send, index) => {
    const before = sends[index - 1];
    if (send.endedAt === null) return [`an attempt of ${row.id} never ended`];
    if (before === undefined || send.startedAt > (before.endedAt ?? Number.POSITIVE_INFINITY)) return [];
    return [`${row.id} was sent by two at once, at ${before.startedAt} and ${send.startedAt}`];
  });
}

function checkCounts(world: World, { row, sends }: Told): readonly string[] {
  const lives = 1 + (world.replays.get(row.id) ?? 0);
  const counted = row.attempts.filter(({ outcome }) => /^(?:delivered|retry|park)$/.test(outcome)).length;
  const interrupted = row.attempts.filter(({ outcome }) => outcome === 'interrupted').length;
  const most = SCHEDULE_MS.length + 1;
  const broken: string[] = [];
  if (row.attempts.length >= MAX_KEPT_ATTEMPTS) broken.push('has more attempts than are kept');
  if (sends.length === 0 && interrupted < MAX_INTERRUPTIONS) broken.push('was never sent');
  if (counted > most * lives) broken.push(`has ${counted} outcomes, in ${lives} lives`);
  if (row.tries > most) broken.push(`has ${row.tries} tries`);
  if (interrupted > MAX_INTERRUPTIONS * lives) broken.push(`was interrupted ${interrupted} times`);
  if (sends.length > row.attempts.length) {
    broken.push(`was sent ${sends.length} times with ${row.attempts.length} outcomes and interruptions`);
  }
  return broken.map(what => `the delivery ${row.id} (${row.state}) ${what}`);
}

/** What PostgreSQL keeps is what was answered, each answer once, and the state is that of the last one. */
function checkRecords({ row, sends }: Told): readonly string[] {
  const records = row.attempts.filter(({ outcome }) => outcome !== 'interrupted');
  const made = new Map(sends.map(send => [send.at, send]));
  const broken: string[] = [];
  for (const { at, outcome } of records) {
    const send = made.get(at);
    if (send === undefined) broken.push('has the outcome of nobody’s attempt, or one twice');
    else if (send.answeredOk !== (outcome === 'delivered'))
      broken.push(`has ${outcome} where the answer was another`);
    made.delete(at);
  }
  const last = row.attempts.at(-1)?.outcome ?? 'none';
  const ends = row.state === 'delivered' ? ['delivered'] : ['park', 'interrupted'];
  if (!ends.includes(last)) broken.push(`is ${row.state} after ${last}`);
  return broken.map(what => `the delivery ${row.id} ${what}`);
}

/** What is sent is the event's own body. */
function checkContents(world: World, told: readonly Told[]): readonly string[] {
  return told.flatMap(({ row, sends }) =>
    sends.some(send => send.eventId !== row.event_id || send.body !== world.bodies.get(row.event_id))
      ? [`the delivery ${row.id} was sent with another event`]
      : [],
  );
}

/** Within a key a delivery begins after those with a lower `seq` have left the order, and never before. */
function checkOrder(world: World, told: readonly Told[]): readonly string[] {
  const ordered = told.filter(({ row }) => row.ordering_key !== null && row.source !== LATE_SOURCE);
  const keys = Map.groupBy(ordered, ({ row }) =>
    JSON.stringify([row.destination, row.source, row.ordering_key]),
  );
  return [...keys].flatMap(([key, ofKey]) => {
    const broken: string[] = [];
    let left = { at: 0, seq: 0n };
    for (const [seq, ofSeq] of Map.groupBy(ofKey, ({ row }) => BigInt(row.seq))) {
      const begins = Math.min(...ofSeq.flatMap(({ sends }) => liveOf(sends).map(send => send.startedAt)));
      if (begins <= left.at) {
        broken.push(`in ${key} ${seq} began at ${begins}, and ${left.seq} left the order at ${left.at}`);
      }
      const leaves = Math.max(...ofSeq.map(one => leavesAt(world, one)));
      if (leaves > left.at) left = { at: leaves, seq };
    }
    return broken;
  });
}

const liveOf = (sends: readonly Attempt[]): readonly Attempt[] => sends.filter(send => send.inOrder);

/** When it was delivered, was parked without blocking, or the parked one was given up; a little before that at most. */
function leavesAt(world: World, { row, sends }: Told): number {
  const live = liveOf(sends);
  const ended = Math.max(0, ...live.map(send => send.endedAt ?? Number.POSITIVE_INFINITY));
  const delivered = new Set(
    row.attempts.filter(({ outcome }) => outcome === 'delivered').map(({ at }) => at),
  );
  if (!BLOCKING.includes(row.destination) || live.some(send => delivered.has(send.at))) return ended;
  const discards = world.discards.filter(({ of }) => of === row.id || of === row.destination);
  return Math.max(ended, Math.min(...discards.map(({ calledAt }) => calledAt)));
}
