import { z } from 'zod';
import { printable } from '@ackline/shared/printable';
import { finding } from '../examination.ts';
import type { Finding } from '../finding.ts';

/** The parts of `GET /health` that are looked at; another release may have others. */
const healthSchema = z.object({
  status: z.string(),
  event_log: z.object({
    tier_in_use: z.string().nullable(),
    tiers: z.array(z.object({ name: z.string(), circuit_breaker: z.string().nullable() })),
    kafka: z.string(),
    kafka_problem: z.string().nullable().optional(),
  }),
  spool: z.object({ state: z.string(), detail: z.string().nullable().optional() }).nullable(),
  redis: z.object({ connected: z.boolean() }).nullable(),
  config: z.object({ error: z.string().nullable() }),
});

type Health = z.output<typeof healthSchema>;

const SUBJECT = 'ingress';

/** null: it is no answer of an ingress. */
export function healthFindings(body: unknown, isProduction: boolean): readonly Finding[] | null {
  const parsed = healthSchema.safeParse(body);
  if (!parsed.success) return null;
  const { status, redis, config } = parsed.data;
  return [
    ...(status === 'unhealthy' ? [finding('ingress-unhealthy', SUBJECT, '/health is unhealthy')] : []),
    ...logFindings(parsed.data),
    ...spoolFindings(parsed.data, isProduction),
    ...(redis?.connected === false ? [finding('redis-away', SUBJECT, 'Redis is configured and away')] : []),
    ...(config.error === null
      ? []
      : [finding('config-refused', SUBJECT, `it refused the file (${printable(config.error)})`)]),
  ];
}

function logFindings({ event_log: log }: Health): readonly Finding[] {
  const broken = log.tiers.filter(tier => tier.circuit_breaker !== null && tier.circuit_breaker !== 'CLOSED');
  const isKafkaAway = log.kafka === 'connecting' || log.kafka === 'refused';
  const away = [...broken.map(({ name }) => name), ...(isKafkaAway ? [`kafka (${log.kafka})`] : [])];
  if (away.length === 0) return [];
  const why = log.kafka_problem == null ? '' : ` (${log.kafka_problem})`;
  const what = `away: ${away.join(', ')}${why}; events go to ${log.tier_in_use ?? 'none'}`;
  return [finding('log-degraded', SUBJECT, printable(what))];
}

function spoolFindings({ spool }: Health, isProduction: boolean): readonly Finding[] {
  if (spool === null) return isProduction ? [finding('spool-missing', SUBJECT, 'it has no spool')] : [];
  if (spool.state === 'ready') return [];
  return [finding('spool-not-ready', SUBJECT, `its spool is ${printable(spool.state)}`)];
}
