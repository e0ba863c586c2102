import type { Agent } from 'undici';

/** Which connections stay open while nothing uses them. */
export interface OpenConnections {
  /** Whether the connection of the call that begins now is kept after it. `active`: calls by origin, with it. */
  mayKeep(origin: string, active: ReadonlyMap<string, number>): boolean;
}

/** A call that finds an idle connection uses it, and gives it back; a new one is kept while fewer than `keepAlive` are open. */
export function createOpenConnections(agent: Agent, keepAlive: number): OpenConnections {
  const byOrigin = new Map<string, number>();
  let all = 0;
  const change = (url: URL, by: 1 | -1) => {
    all += by;
    const count = (byOrigin.get(url.origin) ?? 0) + by;
    if (count === 0) byOrigin.delete(url.origin);
    else byOrigin.set(url.origin, count);
  };
  agent.on('connect', url => change(url, 1));
  agent.on('disconnect', url => change(url, -1));
  return {
    mayKeep(origin, active) {
      const opened = byOrigin.get(origin) ?? 0;
      if (opened >= (active.get(origin) ?? 0)) return true; // there is an idle one
      // Those that are being opened count as well.
      const calls = [...active.values()].reduce((sum, count) => sum + count, 0);
      return Math.max(all, calls) <= keepAlive;
    },
  };
}
