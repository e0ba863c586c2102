import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RouteConfig } from '@ackline/shared/config/types';
import type { RoutableEvent } from '@ackline/shared/routing/routable-event';
import { formatPlan } from '../../src/commands/plan.ts';
import { createPlanner, hasChanges } from '../../src/plan/planner.ts';
import { destination, source } from '../example-config.ts';

const route = (name: string, type: string | null, to = 'sample'): RouteConfig => ({
  name,
  match: { source: null, type, tenant: null, where: null },
  destination: to,
  priority: 'event',
  history: 'all',
  transform: null,
});
const file = (
  routes: readonly RouteConfig[],
  destinations = [destination(), destination({ name: 'other' })],
) => ({
  sources: [source()],
  routes,
  destinations,
});
const event = (type: string): RoutableEvent => ({
  source: 'telegram',
  tenant: 'default',
  type,
  provider: 'telegram',
  headers: [],
  body: Buffer.from('{}'),
});
const files = { now: 'ackline.yaml', next: 'new.yaml' };

describe('a plan', () => {
  it('counts by route what is gained and lost, with examples, by destination the sum, and what no route takes', () => {
    const planner = createPlanner(
      file([route('messages', 'message'), route('old', 'poll')]),
      file([route('messages', null, 'other'), route('new', 'poll')]),
    );
    for (let n = 0; n < 5; n++) planner.look(`message-${n}`, event('message'));
    planner.look('poll-0', event('poll'));
    for (let n = 0; n < 4; n++) planner.look(`edit-${n}`, event('edit'));
    const plan = planner.plan();
    const none = { count: 0, examples: [] };
    assert.deepEqual(plan.routes, [
      {
        route: 'messages',
        destinations: { now: 'sample', next: 'other' },
        now: 5,
        next: 10,
        gained: { count: 5, examples: ['poll-0', 'edit-0', 'edit-1'] },
        lost: none,
      },
      {
        route: 'old',
        destinations: { now: 'sample', next: null },
        now: 1,
        next: 0,
        gained: none,
        lost: { count: 1, examples: ['poll-0'] },
      },
      {
        route: 'new',
        destinations: { now: null, next: 'sample' },
        now: 0,
        next: 1,
        gained: { count: 1, examples: ['poll-0'] },
        lost: none,
      },
    ]);
    assert.deepEqual(
      plan.destinations.map(({ destination: name, now, next }) => [name, now, next]),
      [
        ['sample', 6, 1],
        ['other', 0, 10],
      ],
    );
    assert.deepEqual(plan.untaken, { now: 4, next: 0, gained: none });
    const text = formatPlan(plan, files);
    assert.match(
      text,
      /^10 stored events by ackline\.yaml \(now\) and new\.yaml \(then\); nothing was sent\.\n/,
    );
    assert.match(text, /^messages +sample → other +5 +10 +5 +0$/m);
    assert.match(text, /^old +sample → \(no route\) +1 +0 +0 +1$/m);
    assert.match(text, /^No route takes 4 now, 0 then\.$/m);
    assert.match(text, /^messages gains: poll-0, edit-0, edit-1, …$/m);
    assert.match(text, /^old loses: poll-0$/m);
  });

  it('tells a change from none: another destination or order counts, a route that took nothing does not', () => {
    const changes = (next: ReturnType<typeof file>) => {
      const planner = createPlanner(file([route('messages', 'message')]), next);
      planner.look('a', event('message'));
      return hasChanges(planner.plan());
    };
    assert.equal(changes(file([route('messages', 'message'), route('polls', 'poll')])), false);
    assert.equal(changes(file([route('messages', 'message', 'other')])), true);
    assert.equal(changes(file([route('messages', 'message')], [destination({ ordering: 'key' })])), true);
    assert.equal(changes(file([])), true);
  });

  it('says so where there is nothing to look at', () => {
    const plan = createPlanner(file([]), file([])).plan();
    assert.match(formatPlan(plan, files), /^0 stored events .* Look further back with --since\.$/);
  });
});
