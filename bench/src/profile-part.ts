import { mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ackline } from './ackline.ts';
import { type ProfileSummary, summariseProfile } from './cpu-profile.ts';
import { cpuUsPer200, runLoad } from './load-run.ts';
import { startProgram } from './program.ts';
import { ACKLINE, closedLoopShape, type Session } from './session.ts';

export interface Profile extends ProfileSummary {
  /** With the profiler on: more than without. */
  readonly cpuUsPer200: number;
}

/** The main thread of the ingress under the closed loop, as V8's profiler sees it. */
export async function profileAckline({ options, stage, numbers }: Session): Promise<Profile> {
  const folder = await mkdtemp(join(stage.directory, 'profile-'));
  const program = ackline(ACKLINE, { nodeArgs: ['--cpu-prof', `--cpu-prof-dir=${folder}`] });
  const preparation = await program.prepare(options.cacheDirectory);
  if (preparation.kind === 'unavailable') throw new Error(preparation.reason);
  const shape = closedLoopShape(options);
  await using running = await startProgram(preparation.plan, stage);
  await runLoad(running, shape, numbers); // warm-up
  const result = await runLoad(running, shape, numbers);
  await running.stop(); // it writes the profile as it ends
  const profiles = (await readdir(folder)).map(name => summariseProfile(join(folder, name), shape.measureMs));
  // One for each thread: the main one does most.
  const main = profiles.toSorted((a, b) => b.busyMs - a.busyMs)[0];
  if (main === undefined) throw new Error(`no profile was written to ${folder}`);
  options.say(`profile: ${main.busyMs.toFixed(0)} ms busy`);
  return { ...main, cpuUsPer200: cpuUsPer200(result) };
}
