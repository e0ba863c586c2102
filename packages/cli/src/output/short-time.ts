/** "2026-11-22 19:05:01.123", UTC. */
export function shortTime(time: Date): string {
  return time.toISOString().replace('T', ' ').slice(0, -1);
}
