import { AppError } from '@ackline/shared/app-error';
import { handlerConnections } from '@ackline/shared/config/handler-connections';
import { CLOCKS_APART_MS, clockAheadMs } from '@ackline/store/clock';
import { checkPostgresDurability, standbyWeaknesses } from '@ackline/store/durability';
import { checkSchema } from '@ackline/store/migrate';
import { createPool } from '@ackline/store/pool';
import { IS_ALIVE } from '@ackline/store/processors';
import type { Pool } from 'pg';
import { findDatabaseUrl } from '../../database.ts';
import { printable } from '@ackline/shared/printable';
import { formatMs } from '../../output/units.ts';
import {
  CONNECTIONS_BESIDE_POOL,
  CONSOLE_CONNECTIONS,
  DEFAULT_PROCESSOR_POOL_MAX,
  INGRESS_POOL_MAX,
} from '../connection-figures.ts';
import { type Examination, finding } from '../examination.ts';
import { type Examined, type Finding, joined, notLookedAt, only } from '../finding.ts';
import type { FindingId } from '../finding-rows.ts';
import { type DoctorEnvironment, numberOf } from './environment.ts';
import { problemText } from './problem-text.ts';
import { examineWork } from './work.ts';

const NEEDED_VERSION = 17;
/** What a working transaction takes at most is seconds; a backup of a large database has this long. */
const LONG_TRANSACTION_MS = 30 * 60_000;
/** Counting work on a large backlog is allowed some time. */
const LIMIT_MS = 10_000;
/** An administrator's own connections, and some room for a restart's overlap. */
const SPARE_CONNECTIONS = 10;

/** The server, its settings and the schema; where that is right, the work in it. */
export async function examineDatabase(
  examination: Examination,
  env: DoctorEnvironment | null,
): Promise<Examined> {
  const { config } = examination;
  const url = await findDatabaseUrl(config).catch((error: unknown) => {
    if (error instanceof AppError) return null;
    throw error;
  });
  if (url === null) {
    return notLookedAt('PostgreSQL and the work', 'DATABASE_URL is not set, and no `ackline up` runs here');
  }
  const pool = createPool({
    connectionString: url,
    applicationName: 'ackline-doctor',
    max: 1,
    limitMs: LIMIT_MS,
    onError: () => undefined, // the query that was running rejects with the same error
  });
  try {
    return await examineWith(examination, env, pool);
  } catch (error) {
    return only([
      finding('database-unreachable', null, `PostgreSQL does not answer (${problemText(error)})`),
    ]);
  } finally {
    await pool.end();
  }
}

async function examineWith(
  examination: Examination,
  env: DoctorEnvironment | null,
  pool: Pool,
): Promise<Examined> {
  const standbys = env?.POSTGRES_STANDBYS === 'read-only' ? [] : await standbyWeaknesses(pool);
  const server = [
    ...(await serverFindings(pool)),
    ...standbys.map(what => finding('standby-asynchronous', null, what)),
  ];
  const schema = await checkSchema(pool).then(() => null, refusal);
  if (schema !== null) {
    const work = notLookedAt('the work', 'the schema of the database is not that of this release');
    return joined([only([...server, schema]), work]);
  }
  const room = await connectionFindings(examination, pool);
  return joined([only([...server, ...room]), await examineWork(examination, pool)]);
}

function refusal(error: unknown): Finding {
  if (!(error instanceof AppError)) throw error;
  const id = error.code === 'ACKLINE_SCHEMA_NEWER' ? 'schema-newer' : 'schema-older';
  return finding(id, null, problemText(error).replace(/: .*$/, ''));
}

/** What the server says of itself. */
export interface ServerFacts {
  readonly version: number;
  readonly readOnly: boolean;
  readonly autovacuum: boolean;
  /** null: there is none. */
  readonly longestMs: number | null;
  readonly longestOf: string | null;
  /** Of its clock, from this machine's; negative: behind. */
  readonly aheadMs: number;
}

async function serverFindings(pool: Pool): Promise<readonly Finding[]> {
  const { rows } = await pool.query<Omit<ServerFacts, 'aheadMs'>>(
    `select current_setting('server_version_num')::int / 10000 as version,
            pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' as "readOnly",
            current_setting('autovacuum') = 'on' as autovacuum,
            (extract(epoch from now() - oldest.xact_start) * 1000)::float8 as "longestMs",
            oldest.who as "longestOf"
       from (select 1) one left join lateral (
         select xact_start, coalesce(nullif(application_name, ''), usename, 'somebody') as who from pg_stat_activity
          where backend_type = 'client backend' and pid <> pg_backend_pid() and xact_start is not null
            and datname = current_database()
          order by xact_start limit 1) oldest on true`,
  );
  const [server] = rows;
  if (server === undefined) return [];
  const aheadMs = await clockAheadMs(pool);
  return judgeServer({ ...server, aheadMs }, await checkPostgresDurability(pool).then(() => null, problemOf));
}

/** `weakness`: what makes its commits less than durable; null: nothing does. */
export function judgeServer(server: ServerFacts, weakness: string | null): readonly Finding[] {
  const { version, readOnly, autovacuum, longestMs, longestOf, aheadMs } = server;
  const findings: Finding[] = [];
  const say = (id: FindingId, what: string) => findings.push(finding(id, null, what));
  if (version < NEEDED_VERSION) say('database-version', `the server is PostgreSQL ${version}`);
  if (version > NEEDED_VERSION) say('database-newer', `the server is PostgreSQL ${version}`);
  if (readOnly) say('database-read-only', 'the server takes no changes');
  if (weakness !== null) say('database-not-durable', weakness);
  if (!autovacuum) say('autovacuum-off', 'autovacuum is off');
  if (longestMs !== null && longestMs >= LONG_TRANSACTION_MS) {
    say(
      'transaction-long',
      `${printable(longestOf ?? 'somebody')} has a transaction open for ${formatMs(longestMs)}`,
    );
  }
  if (Math.abs(aheadMs) > CLOCKS_APART_MS) {
    const side = aheadMs > 0 ? 'ahead of' : 'behind';
    say('clocks-differ', `the server's clock is ${formatMs(Math.abs(aheadMs))} ${side} this machine's`);
  }
  return findings;
}

function problemOf(error: unknown): string {
  if (!(error instanceof AppError)) throw error;
  return problemText(error);
}

interface Room {
  readonly usable: number;
  readonly others: number;
  readonly processors: number;
}

/** Every pool at its largest, against what the server gives. */
async function connectionFindings(
  { config, acklineConfig }: Examination,
  pool: Pool,
): Promise<readonly Finding[]> {
  const { rows } = await pool.query<Room>(
    `select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
              - coalesce(current_setting('reserved_connections', true), '0')::int as usable,
            (select count(*)::int from pg_stat_activity
              where backend_type = 'client backend' and application_name not like 'ackline-%'
                and application_name not like 'ackline handler %') as others,
            (select count(*)::int from processors where ${IS_ALIVE}) as processors`,
  );
  const [room] = rows;
  if (room === undefined) return [];
  const ofHandlers = handlerConnections(acklineConfig?.destinations ?? []);
  const ofPool = numberOf(config.environment, 'DATABASE_POOL_MAX', DEFAULT_PROCESSOR_POOL_MAX);
  const ofProcessor = ofPool + CONNECTIONS_BESIDE_POOL + ofHandlers;
  const processes = numberOf(config.environment, 'INGRESS_PROCESSES', 0);
  const processors = Math.max(1, room.processors);
  // One process more than there are: a replacement runs beside the one that it replaces.
  const ingress = (processes === 0 ? 1 : processes + 1) * INGRESS_POOL_MAX;
  const pools = processors * ofProcessor + ingress + CONSOLE_CONNECTIONS;
  const needed = pools + room.others + SPARE_CONNECTIONS;
  const sum =
    `the pools may want ${pools} (${processors} × ${ofProcessor} of processors${ofHandlers === 0 ? '' : `, handlers ${ofHandlers} of each`}, ${ingress} of an ingress, ${CONSOLE_CONNECTIONS} of the console), ` +
    `the server gives ${room.usable}`;
  if (pools > room.usable) return [finding('connections-over', null, `${sum}: it should give ${needed}`)];
  if (pools + room.others <= room.usable) return [];
  return [
    finding(
      'connections-scarce',
      null,
      `${sum}, and others have ${room.others} now: it should give ${needed}`,
    ),
  ];
}
