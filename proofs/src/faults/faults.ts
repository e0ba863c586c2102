import { type FaultRunOptions, runFaultState } from './fault-run.ts';
import type { FaultRow } from './fault-row.ts';
import { type FaultState, faultStates } from './fault-states.ts';
import { type Stage, startStage } from './stage.ts';

export interface FaultFigures {
  readonly rows: readonly FaultRow[];
  /** States that this machine can't make, with the reason. */
  readonly skipped: readonly string[];
  /** Runs that broke off. */
  readonly failed: readonly string[];
}

/** The states whose names contain one of `only`, or all; states of one stage share its servers, one after the other. */
export async function runFaults(
  options: FaultRunOptions & { readonly only?: readonly string[] },
): Promise<FaultFigures> {
  const chosen = faultStates.filter(
    ({ name }) => options.only === undefined || options.only.some(part => name.includes(part)),
  );
  const rows: FaultRow[] = [];
  const skipped: string[] = [];
  const failed: string[] = [];
  let stage: Stage | null = null;
  try {
    for (const state of chosen) {
      if (stage?.kind !== state.stage) {
        await stage?.[Symbol.asyncDispose]();
        stage = await startStage(state.stage);
      }
      const outcome = await tryState(stage, state, options);
      if ('skipped' in outcome) skipped.push(`${state.name}: ${outcome.skipped}`);
      else if ('failed' in outcome) failed.push(`${state.name}: ${outcome.failed}`);
      else rows.push(outcome);
      if ('skipped' in outcome || ('broken' in outcome && outcome.broken.length === 0)) continue;
      await stage[Symbol.asyncDispose](); // what is broken in it must not fail the next
      stage = null;
    }
  } finally {
    await stage?.[Symbol.asyncDispose]();
  }
  return { rows, skipped, failed };
}

async function tryState(
  stage: Stage,
  state: FaultState,
  options: FaultRunOptions,
): Promise<FaultRow | { readonly skipped: string } | { readonly failed: string }> {
  const from = performance.now();
  options.log(`${state.name} …`);
  try {
    const outcome = await runFaultState(stage, state, options);
    const seconds = ((performance.now() - from) / 1_000).toFixed(0);
    if ('skipped' in outcome) options.log(`  skipped: ${outcome.skipped}`);
    else options.log(`  ${outcome.broken.join('; ') || 'kept'} (${seconds} s)`);
    return outcome;
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    options.log(`  broke off: ${reason}`);
    return { failed: reason };
  }
}
