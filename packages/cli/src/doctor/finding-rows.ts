import type { FindingRow } from './finding-row.ts';
import { configurationRows } from './rows/configuration.ts';
import { databaseRows } from './rows/database.ts';
import { environmentRows } from './rows/environment.ts';
import { sourceRows } from './rows/source.ts';
import { telegramRows } from './rows/telegram.ts';
import { workRows } from './rows/work.ts';

/** Every kind of finding, by the part that it is of. docs/doctor.md is generated from it: after a change run `npm run docs`. */
export const findingParts = {
  'ackline.yaml and its secrets': configurationRows,
  'The environment': environmentRows,
  'PostgreSQL and Kafka': databaseRows,
  'What goes on now': workRows,
  Telegram: telegramRows,
  "Handlers' sources": sourceRows,
} as const;

const findingRows = {
  ...configurationRows,
  ...environmentRows,
  ...databaseRows,
  ...workRows,
  ...telegramRows,
  ...sourceRows,
} as const satisfies Record<string, FindingRow>;

export type FindingId = keyof typeof findingRows;

export function rowOf(id: FindingId): FindingRow {
  return findingRows[id];
}

export function isFindingId(text: string): text is FindingId {
  return Object.hasOwn(findingRows, text);
}
