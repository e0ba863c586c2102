import type { Flow } from './route-turns.ts';
import type { TransformResult } from './transform-job.ts';

/** Jobs in a row that end well before a flow that was bad is trusted again. */
const PROBATION_JOBS = 20;
/** Routes that are remembered, with the expressions that they have had. Over it all of them begin anew. */
const MAX_ROUTES = 10_000;

/** Whose jobs go to the process apart (X6). */
export interface Trust {
  isApart(flow: Flow): boolean;
  /** What one of its jobs came to. */
  note(flow: Flow, result: TransformResult): void;
}

interface Standings {
  /** How many jobs each tenant has still to do well: 0 for one that is trusted. */
  readonly toDoWell: Map<string, number>;
  /** Tenants of which that is over 0. */
  onProbation: number;
}

export function createTrust(maxRoutes = MAX_ROUTES): Trust {
  const routes = new Map<string, Standings>();

  function standingsOf(route: string): Standings {
    const known = routes.get(route);
    if (known !== undefined) return known;
    if (routes.size >= maxRoutes) routes.clear();
    const standings: Standings = { toDoWell: new Map(), onProbation: 0 };
    routes.set(route, standings);
    return standings;
  }

  return {
    isApart({ route, tenant }) {
      const standings = routes.get(route);
      if (standings === undefined || standings.onProbation === 0) return false;
      // Of a tenant that is new to a route that was bad for another one, nobody knows whose fault that was.
      return standings.toDoWell.get(tenant) !== 0;
    },
    note({ route, tenant }, result) {
      if (result.kind === 'busy') return;
      const standings = standingsOf(route);
      const before = standings.toDoWell.get(tenant) ?? 0;
      const after = isTooMuch(result) ? PROBATION_JOBS : Math.max(0, before - 1);
      standings.toDoWell.set(tenant, after);
      standings.onProbation += Math.sign(after) - Math.sign(before);
    },
  };
}

function isTooMuch(result: TransformResult): boolean {
  if (result.kind === 'killed') return true;
  return result.kind === 'failed' && (result.reason === 'timeout' || result.reason === 'memory');
}
