import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const MAIN = fileURLToPath(new URL('../../../packages/cli/src/main.ts', import.meta.url));
const LIMIT_MS = 120_000;

/** What `ackline replay status --json` says of its counts. */
export interface ReplayStatus {
  readonly state: string;
  readonly counted: number;
  readonly released: number;
  readonly skipped: number;
  readonly left: number;
  readonly open: number;
}

/** `ackline replay …`, as an operator types it. */
export interface ReplayCommand {
  /** The count that was announced before anything was sent. */
  start(options: {
    readonly cause: string;
    readonly rate: number;
  }): Promise<{ id: string; announced: number }>;
  status(id: string): Promise<ReplayStatus>;
  cancel(id: string): Promise<void>;
}

export function createReplayCommand(databaseUrl: string): ReplayCommand {
  const run = async (...words: string[]): Promise<string> => {
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], DATABASE_URL: databaseUrl };
    const args = [MAIN, 'replay', ...words];
    return (await promisify(execFile)(process.execPath, args, { env, timeout: LIMIT_MS })).stdout;
  };
  return {
    async start({ cause, rate }) {
      const said = await run('start', '--cause', cause, '--rate', String(rate), '--yes');
      const announced = /^([\d,]+) parked deliver/.exec(said)?.[1];
      const id = /^(\S+) is started/m.exec(said)?.[1];
      if (announced === undefined || id === undefined) throw new Error(`not understood: ${said}`);
      return { id, announced: Number(announced.replaceAll(',', '')) };
    },
    status: async id => JSON.parse(await run('status', id, '--json')) as ReplayStatus,
    cancel: async id => void (await run('cancel', id)),
  };
}
