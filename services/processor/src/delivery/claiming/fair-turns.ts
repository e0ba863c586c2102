import type { ClaimFlow, DueFlow } from '@ackline/store/delivery-claims';

/** Of so many places that a tenant is given, one is for its normal work, where that waits beside work of high priority. */
const PLACES_FOR_ONE_NORMAL = 5;

/**
 * Who goes next at a destination for which several tenants wait: the one that had the fewest places for its weight. A tenant that
 * did not wait all the time begins with as much as the one that had the fewest of those that did: it makes up for nothing, and is
 * held against nothing. A tenant's work of high priority goes before its normal work, and leaves it one place of five.
 */
export interface FairTurns {
  /**
   * Gives out so many places, one by one, to the flows that have something due: the quotas add up to `places` at most. `mayTake` is
   * asked for each, and keeps it if it says yes; a tenant that it refuses gets no more. A place that is not used, since somebody else
   * was faster, is lost.
   */
  plan(flows: readonly DueFlow[], places: number, mayTake: (tenant: string) => boolean): readonly ClaimFlow[];
}

interface Standing {
  /** The places it had, by its weight, more than who had the fewest. */
  had: number;
  /** Places for high priority since the last one for normal work that waited. */
  highs: number;
  /** Since the last plan; false for one that was refused. */
  waits: boolean;
}

interface Waiting {
  readonly tenant: string;
  readonly weight: number;
  readonly standing: Standing;
  /** By their priority. */
  readonly flows: ReadonlyMap<DueFlow['priority'], DueFlow>;
}

export function createFairTurns(weightOf: (tenant: string) => number): FairTurns {
  let standings: ReadonlyMap<string, Standing> = new Map();
  let turn = 0;

  function whoWait(flows: readonly DueFlow[]): readonly Waiting[] {
    const byTenant = Map.groupBy(flows, flow => flow.tenant);
    standings = nextStandings(standings, [...byTenant.keys()]);
    return [...byTenant].map(([tenant, own]) => ({
      tenant,
      weight: weightOf(tenant),
      standing: standings.get(tenant) ?? newStanding(),
      flows: new Map(own.map(flow => [flow.priority, flow])),
    }));
  }

  return {
    plan(flows, places, mayTake) {
      // Rotated, so that among equals, and where large bodies cut a claim short, each is the first one now and then.
      const rotated = [...flows.slice(turn % flows.length), ...flows.slice(0, turn % flows.length)];
      turn += 1;
      let waiting = whoWait(rotated);
      const quotas = new Map<DueFlow | undefined, number>();
      let left = places;
      for (let next = nextOf(waiting); next !== undefined && left > 0; next = nextOf(waiting)) {
        const { tenant, standing } = next;
        if (mayTake(tenant)) {
          left -= 1;
          const flow = takePlace(next);
          quotas.set(flow, (quotas.get(flow) ?? 0) + 1);
        } else {
          standing.waits = false; // what it could not have is not kept for it
          waiting = waiting.filter(other => other.tenant !== tenant);
        }
      }
      return rotated.flatMap(flow => {
        const quota = quotas.get(flow);
        return quota === undefined ? [] : [{ tenant: flow.tenant, priority: flow.priority, quota }];
      });
    },
  };
}

const newStanding = (): Standing => ({ had: 0, highs: 0, waits: true });

/** Of those that wait now, and of nobody else: what is remembered is as much as waits. */
function nextStandings(
  known: ReadonlyMap<string, Standing>,
  tenants: readonly string[],
): ReadonlyMap<string, Standing> {
  const all = tenants.map(tenant => known.get(tenant));
  const least = all.reduce(
    (min, one) => (one?.waits === true ? Math.min(min, one.had) : min),
    Number.POSITIVE_INFINITY,
  );
  return new Map(
    tenants.map((tenant, index) => {
      const { had, highs, waits } = all[index] ?? { ...newStanding(), waits: false };
      return [tenant, { had: waits ? had - least : 0, highs, waits: true }];
    }),
  );
}

/** Who would have had the fewest places after one more. */
function nextOf(waiting: readonly Waiting[]): Waiting | undefined {
  const after = ({ standing, weight }: Waiting) => standing.had + 1 / weight;
  return waiting.reduce<Waiting | undefined>(
    (best, one) => (best === undefined || after(one) < after(best) ? one : best),
    undefined,
  );
}

function takePlace({ flows, standing, weight }: Waiting): DueFlow | undefined {
  standing.had += 1 / weight;
  const high = flows.get('high');
  const normal = flows.get('normal');
  if (high === undefined || normal === undefined) return high ?? normal;
  standing.highs = (standing.highs + 1) % PLACES_FOR_ONE_NORMAL;
  return standing.highs === 0 ? normal : high;
}
