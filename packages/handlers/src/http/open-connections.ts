import type { Agent } from 'undici';

/** Which connections stay open while nothing uses them. */
export interface OpenConnections {
  /** Whether the connection of the call that begins now, one of so many to its origin, is kept after it. */
  mayKeep(origin: string, activeThere: number): boolean;
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
    mayKeep: (origin, activeThere) => (byOrigin.get(origin) ?? 0) >= activeThere || all < keepAlive,
  };
}
