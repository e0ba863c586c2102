/** Attempts of one destination by how long they were due before they began. */
export interface Waits {
  readonly started: number;
  /** Over a second. */
  readonly late: number;
}

const NAME = 'ackline_delivery_wait_seconds';

/** From a processor's /metrics. Throws where its buckets can't tell what is over a second. */
export function readWaits(metrics: string, destination: string): Waits {
  const own = metrics.split('\n').filter(line => line.includes(`destination="${destination}"`));
  const started = sumOf(own.filter(line => line.startsWith(`${NAME}_count{`)));
  const inTime = own.filter(line => line.startsWith(`${NAME}_bucket{`) && /[{,]le="1"[,}]/.test(line));
  if (started > 0 && inTime.length === 0) throw new Error(`${NAME} has no bucket of 1 s`);
  return { started, late: started - sumOf(inTime) };
}

function sumOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}
