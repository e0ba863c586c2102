import { envelopeInKept } from '@ackline/eventlog/kept-headers';
import { keyHash } from '@ackline/eventlog/lane';
import { AppError } from '@ackline/shared/app-error';
import { decodeMeta } from '@ackline/shared/envelope-codec';
import { recordKey } from '@ackline/shared/record-key';
import { open, seal } from '@ackline/shared/seal';
import {
  type InboxPlace,
  listQuarantinedIds,
  type KeptRecord,
  returnQuarantined,
} from '@ackline/store/quarantine-return';
import { MAX_RATE_PER_S } from '@ackline/store/replays';
import { type Command, InvalidArgumentError } from 'commander';
import type { Pool } from 'pg';
import type { CommandContext } from '../command-context.ts';
import { withDatabase } from '../database.ts';
import { operatorName } from '@ackline/runtime/operator-name';
import { positiveNumber } from '../options.ts';
import { isAgreed } from '../output/confirm.ts';
import { programName } from '../output/program-name.ts';
import { printable } from '@ackline/shared/printable';
import { formatCount, plural } from '../output/units.ts';
import type { Terminal } from '../output/terminal.ts';
import { createPace } from './pace.ts';
import { DEFAULT_RATE_PER_S } from './replay-jobs.ts';

/** An event that is stored already: to store it again would find its own dedup key, and forget it as a repeat. */
const STORED = /^event:/;

interface QuarantinedOptions {
  readonly rate: number;
  readonly all?: true;
  readonly yes?: true;
}

/** `replay quarantined`, for records that could not be stored. */
export function registerQuarantined(replay: Command, context: CommandContext): void {
  replay
    .command('quarantined')
    .description(
      'Try to store quarantined records again, once what refused them is repaired; outside the order of their keys',
    )
    .argument('[record]', 'its number, from `ackline park`', parseRecord)
    .option('--all', 'all of them, the oldest first; they are counted before')
    .option(
      '--rate <number>',
      'with --all: so many a second',
      positiveNumber(MAX_RATE_PER_S),
      DEFAULT_RATE_PER_S,
    )
    .option('-y, --yes', 'with --all: put them back without asking')
    .addHelpText(
      'after',
      '\nExample:\n  $ ackline replay quarantined 17\n  $ ackline replay quarantined --all --rate 20',
    )
    .action(async (record: string | undefined, options: QuarantinedOptions) => {
      if ((record === undefined) === (options.all === undefined)) {
        throw new AppError('ACKLINE_USAGE', 'Give the number of one record, or --all');
      }
      await withDatabase(context.config(), async pool => {
        if (record === undefined) await returnAll(pool, options, context);
        else await returnOne(pool, record, context.terminal);
      });
    });
}

async function returnOne(pool: Pool, id: string, terminal: Terminal): Promise<void> {
  const result = await returnQuarantined(pool, { id, actor: operatorName(), place: placeOf });
  switch (result.kind) {
    case 'returned':
      terminal.line(
        `${printable(result.origin)} is in the inbox again, as the event ${result.eventId}. If it is quarantined once more, \`${programName()} park\` has it.`,
      );
      return;
    case 'waiting':
      throw new AppError(
        'ACKLINE_USAGE',
        `The event ${result.eventId} of this record is in the inbox already: it stays until that one is stored`,
      );
    case 'refused':
      throw new AppError('ACKLINE_USAGE', whyNot(result.origin));
    case 'not-found':
      throw new AppError('ACKLINE_NOT_FOUND', `There is no quarantined record ${id}`);
    default: {
      const never: never = result;
      return never;
    }
  }
}

/** At a pace, so that what comes meanwhile waits behind few of them (A6). */
async function returnAll(
  pool: Pool,
  { yes, rate }: QuarantinedOptions,
  context: CommandContext,
): Promise<void> {
  const { terminal } = context;
  const ids = await listQuarantinedIds(pool);
  if (ids.length === 0) throw new AppError('ACKLINE_NOT_FOUND', 'No record is quarantined');
  const records = plural(ids.length, 'quarantined record');
  terminal.line(`${records}.`);
  const agreement = { yes: yes === true, question: 'Put them back?', otherwise: 'Nothing is put back' };
  if (!(await isAgreed(context, agreement))) return;
  const pace = createPace(rate);
  let returned = 0;
  let wasReturned = false;
  for (const [n, id] of ids.entries()) {
    if (wasReturned) await pace();
    const result = await returnQuarantined(pool, { id, actor: operatorName(), place: placeOf });
    wasReturned = result.kind === 'returned';
    if (wasReturned) returned += 1;
    terminal.progress(`${formatCount(n + 1)} of ${records}`);
  }
  const rest = returned === ids.length ? '' : ` ${formatCount(ids.length - returned)} stay as they are.`;
  terminal.line(`${formatCount(returned)} of ${records} are in the inbox again.${rest}`);
}

function whyNot(origin: string): string {
  if (!STORED.test(origin)) {
    return `This release makes no event of ${printable(origin)}: it stays as it is, for one that does`;
  }
  return `The event ${printable(origin.replace(STORED, ''))} is stored already, so there is nothing to put back: when its routes were looked for it could not be read, and nobody knows which of them want it. The record stays as it is`;
}

/** null: this release makes no event of it, or it is one. */
function placeOf({ origin, keyId, meta }: KeptRecord): InboxPlace | null {
  if (STORED.test(origin)) return null;
  try {
    const kept = open({ keyId, bytes: meta });
    // Of a record that was no event to who read it, there are the headers.
    const envelope = envelopeInKept(kept);
    const event = decodeMeta(envelope ?? kept);
    const sealed = envelope === null ? { keyId, bytes: meta } : seal(envelope);
    if (sealed.keyId !== keyId) return null; // its body has the key of then
    return { id: event.id, keyHash: keyHash(recordKey(event)), meta: sealed.bytes };
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}

function parseRecord(text: string): string {
  if (!/^\d{1,18}$/.test(text))
    throw new InvalidArgumentError('It must be the number of a quarantined record.');
  return text;
}
