import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../src/config.ts';

const FOLDER = '/srv/app';

test('without any variable it is development, every listener on loopback', () => {
  const config = loadConfig({}, FOLDER);
  assert.equal(config.mode, 'development');
  assert.deepEqual([config.host, config.opsHost], ['127.0.0.1', '127.0.0.1']);
  assert.deepEqual(config.port, { port: 8080, isChosen: false });
  assert.equal(config.dataDir, '/srv/app/.ackline');
  assert.equal(config.configFile, '/srv/app/ackline.yaml');
});

test('a listener that others can reach makes it production, so that no secret is generated', () => {
  const reachable = loadConfig({ HOST: '0.0.0.0' }, FOLDER);
  assert.deepEqual([reachable.mode, reachable.productionBecause], ['production', 'HOST=0.0.0.0']);
  const said = loadConfig({ HOST: '0.0.0.0', ACKLINE_ENV: 'production' }, FOLDER);
  assert.equal(said.productionBecause, null);
  assert.equal(loadConfig({ OPS_HOST: '10.1.2.3' }, FOLDER).mode, 'production');
  assert.equal(loadConfig({ HOST: 'localhost' }, FOLDER).mode, 'development');
});

test('development that others can reach is refused, not silently either of the two', () => {
  assert.throws(() => loadConfig({ HOST: '0.0.0.0', ACKLINE_ENV: 'development' }, FOLDER), {
    code: 'ACKLINE_ENVIRONMENT_INVALID',
  });
});

test('production listens on all addresses unless told otherwise', () => {
  assert.equal(loadConfig({ ACKLINE_ENV: 'production' }, FOLDER).host, '0.0.0.0');
});

test('a port that was chosen is told from the default, an empty variable chooses nothing', () => {
  assert.deepEqual(loadConfig({ PORT: '8080' }, FOLDER).port, { port: 8080, isChosen: true });
  assert.deepEqual(loadConfig({ PORT: '' }, FOLDER).port, { port: 8080, isChosen: false });
});

test('all bad variables are named at once, and the password of a bad URL is not shown', () => {
  const load = () =>
    loadConfig({ PORT: 'x', OPS_PORT: '70000', DATABASE_URL: 'mysql://u:hunter2@h' }, FOLDER);
  assert.throws(load, (error: Error) => {
    assert.match(error.message, /PORT.*OPS_PORT|OPS_PORT.*PORT/s);
    assert.doesNotMatch(error.message, /hunter2/);
    return true;
  });
});
