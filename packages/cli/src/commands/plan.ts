import { resolve } from 'node:path';
import { AppError } from '@ackline/shared/app-error';
import { decodeMeta } from '@ackline/shared/envelope-codec';
import { open } from '@ackline/shared/seal';
import { readEventsSince, type SampleOptions } from '@ackline/store/event-sample';
import type { Command } from 'commander';
import type { Pool } from 'pg';
import type { CommandContext } from '../command-context.ts';
import { readAcklineConfig, shownPath } from '../config-file.ts';
import { withDatabase } from '../database.ts';
import { duration, wholeNumber } from '../options.ts';
import { formatTable } from '../output/text-table.ts';
import { formatCount, plural } from '../output/units.ts';
import { type Change, createPlanner, hasChanges, type Plan, type Planner } from '../plan/planner.ts';

const DEFAULT_LIMIT = 10_000;
const MAX_LIMIT = 1_000_000;
/** Of one page of events. */
const PLAN_LIMIT_MS = 10_000;
/** For scripts: no error, and something changes. */
const CHANGED_EXIT_CODE = 2;

interface PlanOptions {
  readonly since: number;
  readonly limit: number;
  readonly json?: true;
  readonly failOnChange?: true;
}

export function registerPlan(program: Command, context: CommandContext): void {
  program
    .command('plan')
    .description(
      'Show what another ackline.yaml would have done with the events of the last hour; sends nothing',
    )
    .argument('<file>', 'the changed file; it is compared with the one that ACKLINE_CONFIG names')
    .option('--since <duration>', 'events stored since then, such as 30m or 2d', duration, 3_600_000)
    .option('-n, --limit <number>', 'the newest so many of them', wholeNumber(1, MAX_LIMIT), DEFAULT_LIMIT)
    .option('--json', 'one JSON document')
    .option('--fail-on-change', `exit with ${CHANGED_EXIT_CODE} where any of them would go elsewhere`)
    .addHelpText('after', '\nExample:\n  $ ackline plan ackline.new.yaml --since 1d')
    .action(async (file: string, options: PlanOptions) => {
      const config = context.config();
      const now = await readAcklineConfig(config.configFile, config.mode);
      const path = resolve(context.workingDirectory, file);
      const next = await readAcklineConfig(path, config.mode);
      const planner = createPlanner(now, next);
      const sample = { sinceMs: options.since, limit: options.limit };
      const unreadable = await withDatabase(config, pool => lookAt(pool, sample, planner), {
        limitMs: PLAN_LIMIT_MS,
      });
      const plan = planner.plan();
      const files = { now: shownPath(config.configFile), next: shownPath(path) };
      context.terminal.line(
        options.json === true ? JSON.stringify({ ...files, unreadable, ...plan }) : formatPlan(plan, files),
      );
      if (options.failOnChange === true && hasChanges(plan)) context.setExitCode(CHANGED_EXIT_CODE);
    });
}

/** Returns how many could not be opened; nothing can be said of these. */
async function lookAt(pool: Pool, sample: SampleOptions, planner: Planner): Promise<number> {
  let unreadable = 0;
  for await (const { id, keyId, meta, body } of readEventsSince(pool, sample)) {
    try {
      planner.look(id, { ...decodeMeta(open({ keyId, bytes: meta })), body: open({ keyId, bytes: body }) });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      unreadable += 1;
    }
  }
  return unreadable;
}

export function formatPlan(plan: Plan, files: { readonly now: string; readonly next: string }): string {
  const looked = `${plural(plan.events, 'stored event')} by ${files.now} (now) and ${files.next} (then); nothing was sent.`;
  if (plan.events === 0) return `${looked} Look further back with --since.`;
  const sections = [
    looked,
    formatTable(
      ['ROUTE', 'DESTINATION', 'NOW', 'THEN', 'GAINED', 'LOST'],
      plan.routes.map(({ route, destinations: { now, next }, ...counts }) => [
        route,
        now === next ? (now ?? '') : `${now ?? '(no route)'} → ${next ?? '(no route)'}`,
        formatCount(counts.now),
        formatCount(counts.next),
        formatCount(counts.gained.count),
        formatCount(counts.lost.count),
      ]),
    ),
    formatTable(
      ['DESTINATION', 'NOW', 'THEN', 'ORDER'],
      plan.destinations.map(({ destination, now, next, ordering }) => [
        destination,
        formatCount(now),
        formatCount(next),
        ordering.now === ordering.next
          ? (ordering.now ?? '')
          : `${ordering.now ?? '–'} → ${ordering.next ?? '–'}`,
      ]),
    ),
  ];
  const { now, next, gained } = plan.untaken;
  if (now > 0 || next > 0)
    sections.push(`No route takes ${formatCount(now)} now, ${formatCount(next)} then.`);
  const examples = [
    ...plan.routes.flatMap(({ route, ...change }) => [
      ...describeChange(`${route} gains`, change.gained),
      ...describeChange(`${route} loses`, change.lost),
    ]),
    ...describeChange('No route takes any more', gained),
  ];
  return [...sections, ...(examples.length > 0 ? [examples.join('\n')] : [])].join('\n\n');
}

function describeChange(what: string, { count, examples }: Change): readonly string[] {
  if (count === 0) return [];
  return [`${what}: ${examples.join(', ')}${count > examples.length ? ', …' : ''}`];
}
