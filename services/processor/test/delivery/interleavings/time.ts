import { setTimeout as delay } from 'node:timers/promises';
import { inTransaction } from '@ackline/store/transaction';
import type { World } from './world.ts';

const LONGEST_HOLD_MS = 12;

/**
 * Makes leases end. Those that nobody alive holds, and of the others a part: their attempts were aborted in time (D3), and what
 * they have to say may come late.
 */
export async function letLeasesLapse(world: World, ofHeld: number): Promise<void> {
  const { rows } = await world.pool.query<{ id: string; leaseId: string }>(
    `select id, lease_id as "leaseId" from deliveries where state = 'leased' order by id`,
  );
  const running = new Map(
    world.attempts
      .filter(attempt => attempt.endedAt === null)
      .map(attempt => [`${attempt.delivery} ${attempt.leaseId}`, attempt]),
  );
  const over = rows.filter(({ id, leaseId }) => !running.has(`${id} ${leaseId}`) || world.chance(ofHeld));
  for (const { id, leaseId } of over) {
    const key = `${id} ${leaseId}`;
    world.lapsed.add(key);
    const attempt = running.get(key);
    if (attempt !== undefined) attempt.endedAt ??= world.tick();
  }
  await world.pool.query(
    `update deliveries d set lease_until = now() - interval '1 second'
      where id = any(array(select l.id from deliveries l join unnest($1::uuid[], $2::uuid[]) as o (id, lease_id)
                               on o.id = l.id and o.lease_id = l.lease_id for update of l skip locked))`,
    [over.map(({ id }) => id), over.map(({ leaseId }) => leaseId)],
  );
}

/** What is to be tried later is due now. */
export async function letTimePass(world: World): Promise<void> {
  await world.pool.query(
    `update deliveries set due_at = now()
      where id = any(array(select id from deliveries where state in ('due', 'waiting') and due_at > now()
                            for update skip locked))`,
  );
}

/**
 * Holds the lock of a head for a moment, as a storer does until its commit: who locks several heads by one statement then has some of
 * them, and waits for another.
 */
export async function holdHead(world: World): Promise<void> {
  await inTransaction(world.pool, async client => {
    const { rows } = await client.query<{ id: string }>(
      'select id from deliveries where ordering_key is not null and lease_id is not null or blocks order by id',
    );
    const id = world.pick(rows)?.id;
    if (id === undefined) return;
    await client.query('select from deliveries where id = $1 for update', [id]);
    await delay(world.upTo(LONGEST_HOLD_MS));
  });
}
