import { setTimeout as delay } from 'node:timers/promises';
import type { ConsoleClient, ConsoleSchemas } from '@ackline/console-client/client';
import { operatorName } from '@ackline/runtime/operator-name';
import { AppError } from '@ackline/shared/app-error';
import { announceReplay } from '@ackline/store/replay-count';
import {
  changeReplay,
  listReplays,
  type NewReplay,
  type Replay,
  type ReplayChange,
  type ReplayChanged,
  type ReplayProgress,
  readReplay,
} from '@ackline/store/replays';
import type { Pool } from 'pg';
import type { CommandContext } from '../command-context.ts';
import type { ConsoleOptions } from '../remote/console-options.ts';
import { answerOf, ask, firstOf } from '../remote/with-console.ts';

/** What a person does to a replay. */
export type PersonsChange = Exclude<ReplayChange, 'forget'>;

/** Replays of many, by the database or by a console. Each call rejects with an AppError that says what was refused. */
export interface ReplayWays {
  /** Counts what it would send, and tells so far. null: there is nothing. One that somebody cancelled meanwhile says so. */
  announce(replay: Omit<NewReplay, 'actor'>, onProgress: (counted: number) => void): Promise<Replay | null>;
  list(limit: number): Promise<readonly Replay[]>;
  read(id: string): Promise<ReplayProgress>;
  change(id: string, change: PersonsChange): Promise<Replay>;
}

/** By the console of `--url`, or the database. */
export function withReplays<T>(
  context: CommandContext,
  options: ConsoleOptions,
  work: (replays: ReplayWays) => Promise<T>,
): Promise<T> {
  return ask(context, options, {
    database: pool => work(storedReplays(pool)),
    console: client => work(remoteReplays(client)),
  });
}

function storedReplays(pool: Pool): ReplayWays {
  const actor = operatorName();
  return {
    announce: (replay, onProgress) => announceReplay(pool, { ...replay, actor, onProgress }),
    list: limit => listReplays(pool, { limit }),
    async read(id) {
      const found = await readReplay(pool, id);
      if (found === null) throw unknownReplay(id);
      return found;
    },
    change: async (id, change) => checkChanged(await changeReplay(pool, id, { change, actor }), id, change),
  };
}

/** A console counts on its own, so it is asked how far it is. */
const ASKED_EVERY_MS = 250;

function remoteReplays(client: ConsoleClient): ReplayWays {
  const read = async (id: string) => {
    const { open, retrying, parkedAgain, delivered, discarded, ...replay } = await answerOf(
      client.GET('/api/v1/replays/{id}', { params: { path: { id } } }),
    );
    return { ...dated(replay), open, retrying, parkedAgain, delivered, discarded };
  };
  return {
    async announce({ filter, ratePerS, trickle }, onProgress) {
      const { id } = await answerOf(client.POST('/api/v1/replays', { body: { filter, ratePerS, trickle } }));
      let replay: Replay = await read(id);
      while (replay.state === 'counting') {
        onProgress(replay.counted);
        await delay(ASKED_EVERY_MS);
        replay = await read(id);
      }
      return replay.state === 'cancelled' && replay.reason !== null ? null : replay;
    },
    async list(limit) {
      const found = await firstOf(limit, query =>
        answerOf(client.GET('/api/v1/replays', { params: { query } })),
      );
      return found.map(dated);
    },
    read,
    async change(id, change) {
      const params = { path: { id } };
      const call = {
        start: () => client.POST('/api/v1/replays/{id}/start', { params }),
        continue: () => client.POST('/api/v1/replays/{id}/continue', { params }),
        cancel: () => client.POST('/api/v1/replays/{id}/cancel', { params }),
      }[change];
      return dated(await answerOf(call()));
    },
  };
}

function dated(replay: ConsoleSchemas['ListedReplay']): Replay {
  const { createdAt, changedAt, finishedAt } = replay;
  return {
    ...replay,
    createdAt: new Date(createdAt),
    changedAt: new Date(changedAt),
    finishedAt: finishedAt === null ? null : new Date(finishedAt),
  };
}

const unknownReplay = (id: string) =>
  new AppError(
    'ACKLINE_NOT_FOUND',
    `There is no replay with the id ${id}; \`ackline replay list\` has them all`,
  );

/** Throws where it was not changed, and says why. */
function checkChanged(changed: ReplayChanged, id: string, change: PersonsChange): Replay {
  switch (changed.kind) {
    case 'changed':
      return changed.replay;
    case 'not-found':
      throw unknownReplay(id);
    case 'refused': {
      const only = { start: 'announced', continue: 'stopped', cancel: 'not finished' }[change];
      throw new AppError(
        'ACKLINE_USAGE',
        `The replay ${id} is ${changed.state}: \`${change}\` is for one that is ${only}`,
      );
    }
    default: {
      const never: never = changed;
      return never;
    }
  }
}
