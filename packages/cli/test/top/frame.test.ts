import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { metricTable } from '@ackline/runtime/metric-table';
import { type Look, makeFrame } from '../../src/top/frame.ts';
import { fitLines, frameLines } from '../../src/top/frame-text.ts';
import type { Sample } from '../../src/top/metric-samples.ts';
import type { StoreFigures } from '../../src/top/read-store.ts';

const URL_OF_ALL = 'http://127.0.0.1:9464';

function samplesOf(accepted: number, delivered: number): Sample[] {
  const source = 'telegram';
  const destination = 'crm';
  return [
    { name: metricTable.ingressRequests.name, labels: { source, result: 'accepted' }, value: accepted },
    { name: metricTable.ingressRequests.name, labels: { source, result: 'rejected' }, value: 1 },
    { name: metricTable.eventlogAppends.name, labels: { tier: 'inbox' }, value: accepted },
    { name: metricTable.breakerState.name, labels: { breaker: 'kafka', service: 'ingress' }, value: 1 },
    {
      name: metricTable.breakerState.name,
      labels: { breaker: destination, service: 'processor' },
      value: 0,
    },
    { name: `${metricTable.ingressAckSeconds.name}_bucket`, labels: { source, le: '0.01' }, value: accepted },
    { name: `${metricTable.ingressAckSeconds.name}_bucket`, labels: { source, le: '+Inf' }, value: accepted },
    { name: metricTable.lagSeconds.name, labels: { service: 'processor' }, value: 2 },
    {
      name: metricTable.deliveryAttempts.name,
      labels: { destination, outcome: 'delivered' },
      value: delivered,
    },
  ];
}

const STORE: StoreFigures = {
  work: [
    { destination: 'crm', state: 'due', count: 3, hasMore: false, oldestS: 5 },
    { destination: 'crm', state: 'parked', count: 1_200, hasMore: false, oldestS: null },
    { destination: 'crm', state: 'parked', count: 4, hasMore: false, oldestS: null },
    { destination: 'erp', state: 'due', count: 50_000, hasMore: true, oldestS: 90 },
  ],
  inbox: { count: 12, oldestS: 0.3 },
  kafkaLag: 7,
  processors: 2,
  paused: new Set(),
  breakers: [
    {
      name: 'erp',
      status: 'OPEN',
      failures: 10,
      version: 1,
      epoch: 1,
      reopensInMs: 1_000,
      probeEndsInMs: null,
      closedForMs: null,
    },
  ],
  configured: new Set(['crm', 'erp']),
};

function look(atMs: number, samples: Sample[] | null, store: StoreFigures | null = STORE): Look {
  const problem = samples === null ? 'ECONNREFUSED' : null;
  return {
    atMs,
    services: [{ url: URL_OF_ALL, samples, problem }],
    store,
    storeProblem: store === null ? 'ECONNREFUSED' : null,
  };
}

describe('a frame', () => {
  it('has rates over the time between two looks', () => {
    const frame = makeFrame(look(0, samplesOf(10, 5)), look(2_000, samplesOf(30, 15)));
    assert.deepEqual(frame.sources, [{ name: 'telegram', accepted: 10, duplicate: 0, refused: 0, lost: 0 }]);
    assert.deepEqual(frame.attemptsPerS, { delivered: 5 });
    assert.equal(frame.tierInUse, 'inbox');
    assert.equal(frame.ackMs?.p50, 5);
    assert.deepEqual(frame.tiers[0], { name: 'kafka', appendedPerS: 0, breaker: 'open' });
  });

  it('counts work that is due for a destination whose breaker is open as held', () => {
    const { work, destinations } = makeFrame(null, look(0, samplesOf(1, 1)));
    assert.deepEqual([work?.due, work?.held, work?.parked, work?.oldestMs], [50_003, 50_000, 1_204, 90_000]);
    assert.deepEqual(
      destinations.map(({ name, breaker, held }) => [name, breaker, held]),
      [
        ['crm', 'closed', 0],
        ['erp', 'open', 50_000],
      ],
    );
  });

  it('counts what is due for a destination that is configured no longer as held, where a file says so', () => {
    const heldOf = (configured: StoreFigures['configured']) => {
      const store = { ...STORE, breakers: [], configured };
      const frame = makeFrame(null, look(0, samplesOf(1, 1), store));
      const shown = frameLines(frame).find(line => line.startsWith('erp'));
      return [
        frame.work?.held,
        frame.destinations.map(({ held }) => held),
        /^erp +(.*?) {2}/.exec(shown ?? '')?.[1],
      ];
    };
    assert.deepEqual(heldOf(new Set(['crm'])), [50_000, [0, 50_000], 'closed, not configured']);
    assert.deepEqual(heldOf(null), [0, [0, 0], 'closed']);
  });

  it('tells a destination from the tier of the same name', () => {
    const kafka = { name: metricTable.breakerState.name, labels: { breaker: 'kafka', service: 'processor' } };
    const { tiers, destinations } = makeFrame(null, look(0, [...samplesOf(1, 1), { ...kafka, value: 0.5 }]));
    assert.deepEqual(tiers[0], { name: 'kafka', appendedPerS: 0, breaker: 'open' });
    assert.deepEqual(
      destinations.map(({ name, breaker }) => [name, breaker]),
      [
        ['crm', 'closed'],
        ['erp', 'open'],
        ['kafka', 'closed'],
      ],
      'its breaker is what PostgreSQL says',
    );
    const alone = makeFrame(null, look(0, [{ ...kafka, value: 1 }], null));
    assert.deepEqual(alone.tiers, []);
    assert.deepEqual(
      alone.destinations.map(({ name }) => name),
      ['kafka'],
    );
  });

  it('has the worst breaker of several processes, and not their sum', () => {
    const half = ['a', 'b'].map(instance => ({
      name: metricTable.breakerState.name,
      labels: { breaker: 'inbox', service: 'ingress', instance },
      value: 0.5,
    }));
    assert.equal(makeFrame(null, look(0, half)).tiers[0]?.breaker, 'half open');
  });

  it('has the greatest lag of the processors, and none where no processor is asked', () => {
    const behind = { name: metricTable.lagSeconds.name, labels: { service: 'processor' }, value: 7.5 };
    const lagOf = (samples: Sample[]) => makeFrame(null, look(0, samples)).lag.kafkaOldestMs;
    assert.deepEqual([lagOf([...samplesOf(1, 1), behind]), lagOf([])], [7_500, null]);
  });

  it('goes on where all parts are away, and says so', () => {
    const frame = makeFrame(look(0, samplesOf(1, 1)), look(1_000, null, null));
    assert.deepEqual([frame.sources, frame.work, frame.ackMs, frame.tierInUse], [[], null, null, null]);
    assert.deepEqual(frameLines(frame).slice(0, 2), [
      `${URL_OF_ALL} is away (ECONNREFUSED)`,
      'PostgreSQL is away (ECONNREFUSED)',
    ]);
  });

  it('does not take what a restarted service has counted for a burst of the time before', () => {
    const frame = makeFrame(look(0, null), look(1_000, samplesOf(5_000, 5_000)));
    assert.deepEqual(frame.sources[0]?.accepted, 0);
  });
});

describe('the text of a frame', () => {
  const frame = makeFrame(look(0, samplesOf(10, 5)), look(1_000, samplesOf(30, 15)));

  it('has the figures of each part, of a backlog over its bound that there is more', () => {
    const text = frameLines(frame).join('\n');
    for (const part of [
      /telegram +20\.0 +0\.0 +0\.0 +0\.0/,
      /ACK +p50 5\.0 ms/,
      /TIER +inbox in use · kafka 0\.0\/s \(breaker open\) · inbox 20\.0\/s/,
      /LAG +Kafka 7 records, the oldest 2\.0 s · inbox 12 events, the oldest 300 ms/,
      /WORK +due 50,003\+ · leased 0 · waiting 0 · held 50,000\+ · parked 1,204 · .* oldest 90\.0 s/,
      /crm +closed +10\.0 +0\.0 +3 +0 +0 +1,204 /,
      /erp +open +0\.0 +0\.0 +50,000\+ +0 +50,000\+ +0 /,
    ]) {
      assert.match(text, part);
    }
  });

  it('fits any screen: no line is longer and none is more', () => {
    for (const screen of [
      { columns: 200, rows: 60 },
      { columns: 40, rows: 10 },
      { columns: 1, rows: 1 },
      { columns: 0, rows: 0 },
    ]) {
      const lines = fitLines(frameLines(frame), screen);
      assert.ok(lines.length <= Math.max(1, screen.rows));
      assert.ok(
        lines.every(line => line.length <= Math.max(1, screen.columns)),
        JSON.stringify(screen),
      );
    }
  });
});
