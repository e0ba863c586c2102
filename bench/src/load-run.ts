import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { LoadPlan, LoadResult } from './load-plan.ts';
import type { RunningProgram } from './program.ts';

const CLIENT = fileURLToPath(new URL('./load-client.ts', import.meta.url));
/** As often as a Prometheus that is set to look closely. */
const SCRAPE_MS = 5_000;
const MAX_RESULT_BYTES = 1024 * 1024;
/** What the generator may take beyond the times of its plan. */
const GRACE_MS = 30_000;

export type LoadShape = Omit<LoadPlan, 'port' | 'pid' | 'firstUpdate'>;

/** Numbers the updates of a whole session: no program sees one twice. */
export interface UpdateNumbers {
  next: number;
}

/** One load on one program, from a process of its own. */
export async function runLoad(
  target: Pick<RunningProgram, 'port' | 'pid' | 'plan' | 'assertRuns'>,
  shape: LoadShape,
  numbers: UpdateNumbers,
): Promise<LoadResult> {
  const plan: LoadPlan = { ...shape, port: target.port, pid: target.pid, firstUpdate: numbers.next };
  const scraping = scrape(target.plan.metricsUrl);
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [CLIENT, JSON.stringify(plan)], {
      maxBuffer: MAX_RESULT_BYTES,
      timeout: plan.warmUpMs + plan.measureMs + GRACE_MS,
    });
    const result = JSON.parse(stdout, (_key, value: unknown) => value ?? Number.NaN) as LoadResult; // JSON has no NaN
    numbers.next = result.lastUpdate;
    return result;
  } catch (error) {
    target.assertRuns();
    throw error;
  } finally {
    clearInterval(scraping);
  }
}

/** Reads the program's metrics again and again, as a monitoring system does, until the timer is cleared. */
export function scrape(url: string | undefined): NodeJS.Timeout | undefined {
  if (url === undefined) return undefined;
  return setInterval(() => {
    fetch(url, { signal: AbortSignal.timeout(SCRAPE_MS) }).then(
      response => response.arrayBuffer(),
      () => undefined, // a program that is too busy for it is measured all the same
    );
  }, SCRAPE_MS);
}

/** Microseconds of the server's CPU for each 200; NaN without any. */
export function cpuUsPer200({ cpuMs, ok }: LoadResult): number {
  return ok === 0 ? Number.NaN : (cpuMs * 1_000) / ok;
}
