import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import { checkPostgresDurability } from '@ackline/store/durability';

type Queryable = Parameters<typeof checkPostgresDurability>[0];

function server(settings: { fsync?: string; commit?: string; pages?: string }): Queryable {
  const row = { fsync: 'on', commit: 'on', pages: 'on', ...settings };
  return { query: () => Promise.resolve({ rows: [row] }) } as unknown as Queryable;
}

describe('durability of PostgreSQL', () => {
  it('accepts a server that survives a power loss', async () => {
    await checkPostgresDurability(server({}));
    await checkPostgresDurability(server({ commit: 'remote_apply' }));
  });

  const refused = [
    [{ fsync: 'off' }, 'set fsync to on'],
    [{ pages: 'off' }, 'set full_page_writes to on'],
    [{ commit: 'off' }, 'set synchronous_commit to on'],
    [{ commit: 'local' }, 'set synchronous_commit to on'],
    [{ fsync: 'off', pages: 'off' }, 'set fsync and full_page_writes to on'],
  ] as const;
  for (const [settings, advice] of refused) {
    it(`refuses ${JSON.stringify(settings)} and says what to do`, async () => {
      await assert.rejects(
        checkPostgresDurability(server(settings)),
        (error: unknown) =>
          error instanceof AppError &&
          error.code === 'ACKLINE_POSTGRES_NOT_DURABLE' &&
          error.message.includes(advice),
      );
    });
  }

  it('refuses a server that does not say', async () => {
    const silent = { query: () => Promise.resolve({ rows: [] }) } as unknown as Queryable;
    await assert.rejects(checkPostgresDurability(silent), AppError);
  });
});
