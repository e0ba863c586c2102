import type pg from 'pg';

export interface CallFigure {
  readonly name: string;
  readonly calls: number;
  readonly p50Ms: number;
  readonly maxMs: number;
  /** Of the answer. */
  readonly bytes: number;
}

/** What a call needs that is known once tables are filled. */
export interface Known {
  readonly event: string;
  readonly parked: string;
}

export async function readKnown(pool: pg.Pool): Promise<Known> {
  const { rows } = await pool.query<Known>(
    "select event_id as event, id as parked from deliveries where state = 'parked' order by finished_at limit 1",
  );
  const [known] = rows;
  if (known === undefined) throw new Error('nothing is parked');
  return known;
}

const DAY_MS = 86_400_000;
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
const NEVER = '{"body.message.text":"no event has it"}';

/** Every list and filter that the pages ask for, and filters that leave nothing of millions of rows. */
export function pathsOf({ event, parked }: Known): Readonly<Record<string, string>> {
  return {
    'overview, an hour': '/overview',
    'overview, a day': `/overview?since=${ago(DAY_MS)}`,
    'overview, 30 days': `/overview?since=${ago(30 * DAY_MS)}`,
    'events, the newest': '/events',
    'events, 200 of them': '/events?limit=200',
    'events of a source': '/events?source=s3',
    'events of a type': '/events?type=type5',
    'events of a tenant': '/events?tenant=t1',
    'events of an ordering key': '/events?orderingKey=k77',
    'events of a key and source': '/events?source=s7&dedupKey=d77',
    'an event by its id': `/events?id=${event}`,
    'events to a destination': '/events?destination=d2',
    'events that are parked': '/events?state=parked',
    'events until three days ago': `/events?storedUntil=${ago(3 * DAY_MS)}`,
    'events since an hour ago': `/events?storedSince=${ago(3_600_000)}`,
    'events by a field of the body': `/events?where=${encodeURIComponent('{"body.update_id":{"$gt":0}}')}`,
    'events of no source (nothing)': '/events?source=nobody',
    'events to no destination (nothing)': '/events?destination=nobody',
    'events by a field that none has (nothing)': `/events?where=${encodeURIComponent(NEVER)}`,
    'an event with its deliveries': `/events/${event}`,
    'a payload': `/events/${event}/payload`,
    'a delivery': `/deliveries/${parked}`,
    'parked, the newest': '/parked',
    'parked of a cause': '/parked?cause=d1%20501',
    'parked to a destination': '/parked?destination=d1',
    'parked of a tenant': '/parked?tenant=t1',
    'parked of no source (nothing)': '/parked?source=nobody',
    'causes of what is parked': '/parked/causes',
    'causes of a tenant': '/parked/causes?tenant=t1',
    replays: '/replays',
    destinations: '/destinations',
    sources: '/sources',
    'refused requests': '/rejected',
    'refused requests of a source': '/rejected?source=s3',
    'the audit': '/audit',
    'the audit of nobody (nothing)': '/audit?actor=nobody',
  };
}

/** One after the other, as a person's page does; from the request to the last byte. */
export async function measure(
  get: (path: string) => Promise<{ readonly status: number; readonly bytes: number }>,
  paths: Readonly<Record<string, string>>,
  calls: number,
): Promise<readonly CallFigure[]> {
  const figures: CallFigure[] = [];
  for (const [name, path] of Object.entries(paths)) {
    const times: number[] = [];
    let bytes = 0;
    for (let call = 0; call < calls; call += 1) {
      const from = performance.now();
      const answer = await get(path);
      times.push(performance.now() - from);
      if (answer.status !== 200) throw new Error(`${name}: ${answer.status}`);
      bytes = answer.bytes;
    }
    times.sort((a, b) => a - b);
    figures.push({ name, calls, p50Ms: times[times.length >> 1] ?? 0, maxMs: times.at(-1) ?? 0, bytes });
  }
  return figures;
}
