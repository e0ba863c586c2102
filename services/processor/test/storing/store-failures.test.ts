import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  isConnectionLost,
  isLockedOut,
  isPlaceTaken,
  isPoison,
  isTooLong,
  isTooMuch,
  StoreRefusesAll,
} from '../../src/storing/store-failures.ts';

const refusal = (code: string, fields: Record<string, string> = {}) =>
  Object.assign(new Error('refused'), { code, ...fields });

describe('a failure of a transaction', () => {
  it('is one row’s where PostgreSQL can’t hold a value, or not so much, or a constraint with a name refuses it', () => {
    assert.equal(isPoison(refusal('22021')), true);
    assert.equal(isPoison(refusal('22P05')), true);
    assert.equal(isPoison(refusal('54000')), true);
    assert.equal(isPoison(refusal('23514', { constraint: 'no_poison' })), true);
    assert.equal(isPoison(refusal('23505', { constraint: 'events_pkey', table: 'events' })), true);
  });

  it('is no row’s where a partition is missing or a column may not be null: nothing is named then', () => {
    assert.equal(isPoison(refusal('23514', { table: 'events' })), false);
    assert.equal(isPoison(refusal('23502', { table: 'events', column: 'type' })), false);
  });

  it('is no row’s where there was no time, no room, a deadlock or no answer', () => {
    for (const code of ['57014', '53100', '40P01', '40001', '08006', 'ECONNRESET', '42P01']) {
      assert.equal(isPoison(refusal(code)), false, code);
    }
    assert.equal(isPoison(new Error('Query read timeout')), false);
    assert.equal(isPoison({ code: '22021' }), false);
  });

  it('may pass with less where the time limit ended it', () => {
    assert.equal(isTooLong(refusal('57014')), true);
    assert.equal(isTooLong(new Error('Query read timeout')), true);
    assert.equal(isTooLong(refusal('55P03')), false);
    assert.equal(isTooLong({ message: 'Query read timeout' }), false);
  });

  it('may pass with less where a lock was waited for, which is told from work that takes too long', () => {
    assert.deepEqual([isLockedOut(refusal('55P03')), isTooMuch(refusal('55P03'))], [true, true]);
    assert.deepEqual([isLockedOut(refusal('57014')), isTooMuch(refusal('57014'))], [false, true]);
    assert.equal(isTooMuch(refusal('40P01')), false);
  });

  it('may pass with less where it cost the connection', () => {
    for (const code of ['25P03', '57P02', 'ECONNRESET']) assert.equal(isConnectionLost(refusal(code)), true);
    for (const text of [
      'Connection terminated unexpectedly',
      'Client has encountered a connection error and is …',
    ])
      assert.equal(isConnectionLost(new Error(text)), true, text);
    assert.equal(isConnectionLost(refusal('57014')), false);
    assert.equal(isConnectionLost(new Error('connect ECONNREFUSED')), false);
  });

  it('is nobody’s fault where a place that we give is taken', () => {
    const taken = (table: string) => refusal('23505', { constraint: 'some_key', table });
    for (const table of ['events', 'events_20261128', 'deliveries', 'finished_deliveries_default']) {
      assert.equal(isPlaceTaken(taken(table)), true, table);
    }
    assert.equal(isPlaceTaken(taken('event_keys')), false);
    assert.equal(isPlaceTaken(refusal('23514', { constraint: 'some_check', table: 'events' })), false);
  });

  it('of every event is told by its code and its constraint, without a value', () => {
    const named = new StoreRefusesAll(refusal('23514', { constraint: 'older_schema', detail: 'secret' }));
    assert.equal(named.reason, 'PostgreSQL refuses every event (SQLSTATE 23514, older_schema)');
    const unnamed = new StoreRefusesAll(refusal('22021'));
    assert.equal(unnamed.reason, 'PostgreSQL refuses every event (SQLSTATE 22021)');
  });
});
