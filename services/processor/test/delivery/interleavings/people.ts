import { pauseDestination, resumeDestination } from '@ackline/store/destinations';
import { discardCause, discardDelivery } from '@ackline/store/discard';
import { listCauses } from '@ackline/store/parked-causes';
import { replayDelivery } from '@ackline/store/replay-delivery';
import { names } from './processors.ts';
import { noteFailure, type World } from './world.ts';

const ACTOR = 'anna';

interface Chosen {
  readonly id: string;
}

/** A delivery of these states, any. */
async function choose(world: World, states: readonly string[]): Promise<string | undefined> {
  const { rows } = await world.pool.query<Chosen>(
    'select id from all_deliveries where state = any($1) order by id',
    [states],
  );
  return world.pick(rows)?.id;
}

/** Also of what is delivered, was discarded, or is open: then nothing is done. */
export async function replayOne(world: World): Promise<void> {
  await attempt(world, 'replaying', async () => {
    const states = world.chance(0.6) ? ['parked'] : ['delivered', 'discarded', 'due', 'leased'];
    const id = await choose(world, states);
    if (id !== undefined) await replay(world, id);
  });
}

export async function replay(world: World, id: string): Promise<void> {
  const { kind } = await replayDelivery(world.pool, id, ACTOR);
  if (kind === 'replayed') world.replays.set(id, (world.replays.get(id) ?? 0) + 1);
}

export async function discardOne(world: World): Promise<void> {
  await attempt(world, 'discarding', async () => {
    const id = await choose(world, ['parked']);
    if (id !== undefined) await discard(world, id);
  });
}

export async function discard(world: World, id: string): Promise<void> {
  const calledAt = world.tick();
  if (await discardDelivery(world.pool, id, ACTOR)) world.discards.push({ of: id, count: 1, calledAt });
}

/** All that is parked for one cause; the function says how many, not which. */
export async function discardOneCause(world: World): Promise<void> {
  await attempt(world, 'discarding a cause', async () => {
    const found = world.pick(await listCauses(world.pool, { limit: 10 }));
    if (found === undefined) return;
    const { cause, destination } = found;
    const calledAt = world.tick();
    const parkedUntil = new Date(Date.now() + 60_000).toISOString();
    const discarded = await discardCause(world.pool, { actor: ACTOR, cause, parkedUntil });
    if (discarded > 0) world.discards.push({ of: destination, count: discarded, calledAt });
  });
}

export async function pauseOne(world: World): Promise<void> {
  await attempt(world, 'pausing', async () => {
    await pauseDestination(world.pool, world.pick(names) ?? 'go', { reason: 'a look', actor: ACTOR });
  });
}

export async function resumeAll(world: World): Promise<void> {
  await attempt(world, 'resuming', async () => {
    for (const name of names) await resumeDestination(world.pool, name, ACTOR);
  });
}

async function attempt(world: World, what: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    noteFailure(world, what, error);
  }
}
