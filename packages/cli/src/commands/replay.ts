import { AppError } from '@ackline/shared/app-error';
import { type ListedEvent, listEvents } from '@ackline/store/event-list';
import { seal } from '@ackline/shared/seal';
import { readDeliveryMeta, replayEdited } from '@ackline/store/delivery-edits';
import { type ReplayResult, replayDelivery } from '@ackline/store/replay-delivery';
import { type Command, InvalidArgumentError } from 'commander';
import type { Pool } from 'pg';
import type { CommandContext } from '../command-context.ts';
import { withDatabase } from '../database.ts';
import { operatorName } from '../operator.ts';
import { checkEditedBody, readEditedBody } from '../replay/edited-body.ts';
import { registerQuarantined } from '../replay/quarantined-records.ts';
import { registerReplayJobs } from '../replay/replay-jobs.ts';
import { MAX_LIMIT } from './events.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function registerReplay(program: Command, context: CommandContext): void {
  const command = program
    .command('replay')
    .description('Send a parked, delivered or discarded delivery again, or all that a filter names')
    .argument('<delivery-id>', 'from `ackline park` or `ackline events`', parseId)
    .option('--edit <file>', 'with this body from now on, `-` for standard input; the event stays as it came')
    .addHelpText(
      'after',
      '\nExample:\n  $ ackline replay 019ab2c4-7d10-7000-8000-000000000000\n  $ ackline replay start --cause "crm 503"\n  $ ackline replay list',
    )
    .action(async (id: string, { edit }: { edit?: string }) => {
      const body = edit === undefined ? null : await readEditedBody(edit, context);
      const result = await withDatabase(context.config(), async pool => {
        const replayed = await (body === null
          ? replayDelivery(pool, id, operatorName())
          : replayWith(pool, id, body));
        if (replayed.kind === 'not-found') throw await missing(pool, 'delivery', id);
        return replayed;
      });
      context.terminal.line(describeReplay(id, result));
    });
  registerReplayJobs(command, context);
  registerQuarantined(command, context);
}

async function replayWith(pool: Pool, id: string, body: Buffer): Promise<ReplayResult> {
  const event = await readDeliveryMeta(pool, id);
  if (event === null) return { kind: 'not-found' };
  checkEditedBody(body, event);
  const { keyId, bytes } = seal(body);
  const edit = { keyId, body: bytes };
  return replayEdited(pool, id, { actor: operatorName(), edit, bodyBytes: body.length });
}

/** For commander: the id of a delivery. */
export function parseId(text: string): string {
  if (!UUID.test(text)) throw new InvalidArgumentError('It must be the id of a delivery.');
  return text;
}

/** The error for an id that is of no such delivery. */
export async function missing(pool: Pool, what: string, id: string): Promise<AppError> {
  // An id that was copied from `ackline events` is of one that it lists.
  const events = await listEvents(pool, { limit: MAX_LIMIT });
  return new AppError('ACKLINE_NOT_FOUND', describeMissing(what, id, events));
}

/** `ackline events` shows ids of both kinds: who copied that of an event is told those of its deliveries. */
export function describeMissing(what: string, id: string, events: readonly ListedEvent[]): string {
  const event = events.find(candidate => candidate.id === id.toLowerCase());
  if (event === undefined) return `There is no ${what} with the id ${id}`;
  const deliveries = event.deliveries.map(
    delivery => `${delivery.id} (${delivery.destination}, ${delivery.state})`,
  );
  return `${id} is the id of an event; its deliveries: ${deliveries.join(', ') || 'none'}`;
}

export function describeReplay(id: string, result: Exclude<ReplayResult, { kind: 'not-found' }>): string {
  switch (result.kind) {
    case 'replayed':
      return `${id} is sent to ${result.destination} again, with a new retry schedule.`;
    case 'still-open':
      return `${id} is not finished yet (${result.state}): Ackline tries it by itself.`;
    default: {
      const never: never = result;
      return never;
    }
  }
}
