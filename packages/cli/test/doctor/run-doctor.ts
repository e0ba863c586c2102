import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@ackline/testkit/free-port';
import { type RanCli, ranCli } from '../ran-cli.ts';

/** A folder with an ackline.yaml, where the doctor is called as on a command line. */
export interface DoctorFolder extends AsyncDisposable {
  readonly path: string;
  write(name: string, text: string): Promise<string>;
  run(environment: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<RanCli>;
}

/** `answer`: what somebody at the terminal says; undefined: there is nobody. */
export async function openDoctorFolder(answer?: boolean): Promise<DoctorFolder> {
  const path = await mkdtemp(join(tmpdir(), 'ackline-doctor-'));
  // Nothing listens there: what else runs on this machine must not be asked.
  const OPS_PORT = String(await freePort());
  return {
    path,
    async write(name, text) {
      const whole = join(path, name);
      await writeFile(whole, text);
      return whole;
    },
    run: (environment, ...args) =>
      ranCli(['doctor', ...args], {
        folder: path,
        ...(answer === undefined ? {} : { confirm: async () => answer }),
        environment: { ACKLINE_CONFIG: join(path, 'ackline.yaml'), OPS_PORT, ...environment },
      }),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

export interface FoundJson {
  readonly id: string;
  readonly impact: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly subject: string | null;
  readonly what: string;
}

export interface ReportJson {
  readonly ok: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly findings: readonly FoundJson[];
  readonly accepted: number;
  readonly notLookedAt: readonly { readonly part: string; readonly reason: string }[];
}

export function parseReport(ran: RanCli): ReportJson {
  return JSON.parse(ran.out) as ReportJson;
}
