import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RouteMatch } from '../../src/config/types.ts';
import { createFanOut, createFanOutSteps } from '../../src/routing/fan-out.ts';
import { compileFilter } from '../../src/routing/filter.ts';
import { routableEvent, routeOf, sourceOf } from './routing-examples.ts';

const EVENT = routableEvent({ tenant: 'acme' });

describe('routes', () => {
  const routesFor = (matches: readonly Partial<RouteMatch>[], event = EVENT) => {
    const routes = matches.map((match, n) => routeOf(`r${n}`, match));
    const fanOut = createFanOut({ sources: [sourceOf('telegram'), sourceOf('twilio')], routes })(event);
    return fanOut.routing === 'routed' ? fanOut.routes.map(route => route.name) : fanOut.routing;
  };

  it('get an event when all that they name is right, in the order of the file', () => {
    assert.deepEqual(
      routesFor([
        {},
        { source: 'telegram' },
        { tenant: 'acme' },
        { type: 'message' },
        { source: 'telegram', tenant: 'acme', type: 'message' },
      ]),
      ['r0', 'r1', 'r2', 'r3', 'r4'],
    );
  });

  it('get no event of which one thing is different', () => {
    assert.equal(
      routesFor([
        { source: 'twilio', type: 'message' },
        { tenant: 'other', source: 'telegram' },
        { type: 'edited_message', tenant: 'acme' },
      ]),
      'unmatched',
    );
  });

  it('with a filter get what it takes, and only of what they name', () => {
    const where = (given: unknown) => {
      const compiled = compileFilter(given);
      assert.ok('filter' in compiled);
      return { given, test: compiled.filter };
    };
    assert.deepEqual(
      routesFor([
        { where: where({ 'body.message.text': 'hello' }) },
        { where: where({ 'body.message.text': 'bye' }) },
        { where: where({ 'body.message.chat.id': { $gt: 4 }, 'headers.content-type': 'application/json' }) },
        { where: where({ 'body.message.text': 'hello' }), type: 'edited_message' },
        {},
      ]),
      ['r0', 'r2', 'r4'],
    );
    assert.equal(routesFor([{ where: where({ tenant: 'other' }) }]), 'unmatched');
  });

  it('are asked one filter a step, so that others can have their turn', () => {
    const asked: string[] = [];
    const where = (name: string) => ({ given: {}, test: () => asked.push(name) > 1 });
    const routes = [
      routeOf('r0', { where: where('r0') }),
      routeOf('r1', {}),
      routeOf('r2', { where: where('r2') }),
    ];
    const steps = createFanOutSteps({ sources: [sourceOf('telegram')], routes })(EVENT);
    assert.deepEqual([steps.next().done, asked.join()], [false, 'r0']);
    assert.deepEqual([steps.next().done, asked.join()], [false, 'r0,r2']);
    assert.deepEqual(steps.next().value, { routing: 'routed', routes: routes.slice(1) });
  });

  it('of none leave an event of a known source unmatched', () => {
    assert.equal(routesFor([]), 'unmatched');
  });

  it('do not decide about a source that is not known here: it waits', () => {
    assert.equal(routesFor([{}], { ...EVENT, source: 'new' }), 'unrouted');
  });
});
