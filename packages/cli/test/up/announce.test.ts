import assert from 'node:assert/strict';
import { test } from 'node:test';
import { announce } from '../../src/up/announce.ts';
import { dataLayout } from '../../src/data-directory/layout.ts';
import { exampleConfig } from '../example-config.ts';

const AWAY = 'processor: kafka-consumer: no broker answers';

const URLS = {
  ingressUrl: 'http://127.0.0.1:8080',
  consoleUrl: 'http://127.0.0.1:8081',
  operationsUrl: 'http://127.0.0.1:9464',
};

function announced(mode: 'development' | 'production', waiting: readonly string[]) {
  const lines: string[] = [];
  const logged: [level: string, fields: object, event: string][] = [];
  const write = (level: string) => (fields: object, event: string) => logged.push([level, fields, event]);
  announce(
    {
      config: { mode, databaseUrl: null, hasKafka: true },
      prepared: {
        layout: dataLayout('/srv/.ackline'),
        acklineConfig: exampleConfig(),
        environment: { TOKEN: 'generated-token' },
        generated: new Set(['TOKEN']),
      },
      terminal: { line: text => lines.push(text) },
      log: { info: write('info'), warn: write('warn') },
    },
    { ...URLS, waiting },
  );
  return { text: lines.join('\n'), logged };
}

test('what runs and is not ready is not announced as ready, and says why', () => {
  const { text } = announced('development', [AWAY, 'ingress: does not answer']);
  assert.match(
    text,
    /^\nAckline \S+ runs, not ready: processor: kafka-consumer: no broker answers; ingress: does /,
  );
  assert.doesNotMatch(text, /is ready/);
  assert.match(announced('development', []).text, /^\nAckline \S+ is ready \(/);
});

test('in production it is one log line, a warning where something is not ready', () => {
  assert.deepEqual(announced('production', []), { text: '', logged: [['info', URLS, 'up.ready']] });
  assert.deepEqual(announced('production', [AWAY]), {
    text: '',
    logged: [['warn', { ...URLS, waiting: [AWAY] }, 'up.not-ready']],
  });
});
