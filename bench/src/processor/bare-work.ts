import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

// What the parent tells the bare programs, and what it hears back. One plan, one result, as JSON.

export interface BareInsertPlan {
  readonly databaseUrl: string;
  readonly firstUpdate: number;
  readonly events: number;
  readonly connections: number;
  readonly route: string;
  readonly destination: string;
}

export interface BarePostPlan {
  readonly url: string;
  readonly firstUpdate: number;
  /** In all; those of the warm-up are not measured. */
  readonly events: number;
  readonly warmUpEvents: number;
  readonly connections: number;
}

export interface BareInsertResult {
  /** After the last commit, in milliseconds of the database's clock. */
  readonly endMs: number;
}

export interface BarePostResult {
  /** Within the measured time. */
  readonly events: number;
  readonly seconds: number;
  /** User and system time of the process. */
  readonly cpuMs: number;
}

const PROGRAMS = {
  insert: fileURLToPath(new URL('./bare-insert.ts', import.meta.url)),
  post: fileURLToPath(new URL('./bare-post.ts', import.meta.url)),
};
const LIMIT_MS = 600_000;

export async function runBareInsert(plan: BareInsertPlan): Promise<BareInsertResult> {
  return (await run('insert', plan)) as BareInsertResult;
}

export async function runBarePost(plan: BarePostPlan): Promise<BarePostResult> {
  return (await run('post', plan)) as BarePostResult;
}

/** In a process of its own, to its end. */
async function run(kind: keyof typeof PROGRAMS, plan: object): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAMS[kind], JSON.stringify(plan)], {
    timeout: LIMIT_MS,
  });
  return JSON.parse(stdout);
}

/** Calls `work` for each number, so many at a time. */
export async function inLanes(
  range: { readonly from: number; readonly to: number; readonly lanes: number },
  work: (number: number) => Promise<void>,
): Promise<void> {
  let next = range.from;
  const lane = async (): Promise<void> => {
    while (next < range.to) {
      const number = next;
      next += 1;
      await work(number);
    }
  };
  await Promise.all(Array.from({ length: range.lanes }, lane));
}
