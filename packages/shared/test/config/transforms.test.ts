import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type KnownProviders, loadConfig } from '../../src/config/load-config.ts';

const provider = {
  checkSecret: () => true as const,
  contentTypes: [],
  signsUrl: false,
  toleranceMs: null,
  overLimit: 'reject' as const,
};
const providers: KnownProviders = new Map([['telegram', provider]]);

/** The route's transform begins at line 5, column 16. */
const file = (
  transform: string,
  destination = '',
) => `sources: [{ name: s, provider: telegram, path: /s, secrets: [{ env: A }] }]
routes:
  - name: r
    destination: d
    transform: ${transform}
destinations: [{ name: d, type: http, url: 'http://127.0.0.1:1'${destination} }]
`;
const load = (text: string) => loadConfig(text, { fileName: 'ackline.yaml', providers, production: true });
const errorOf = (text: string): string => {
  try {
    load(text);
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'ACKLINE_CONFIG_INVALID');
    return (error as Error).message;
  }
  assert.fail('no error');
};

describe('a transform in ackline.yaml', () => {
  it('is an expression of JSONata with a time of its own', () => {
    const { routes } = load(file('{ jsonata: \'{"n": $count(body.items)}\' }'));
    assert.deepEqual(routes[0]?.transform, { jsonata: '{"n": $count(body.items)}', timeoutMs: 250 });
    const block = '\n      timeout: 1s\n      jsonata: |\n        {\n          "a": body.a\n        }\n';
    assert.deepEqual(load(file(block)).routes[0]?.transform, {
      jsonata: '{\n  "a": body.a\n}\n',
      timeoutMs: 1_000,
    });
  });

  it('is refused with the place of its mistake, and JSONata’s code of it', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['body.(', 'S0203 at line 1, column 6: Expected ")" before end of expression'],
      ['{"a" 1}', 'S0202 at line 1, column 6: Expected ":", got 1'],
      ['a b', 'S0201 at line 1, column 3: Syntax error: "b"'],
    ];
    for (const [text, problem] of cases) {
      assert.equal(
        errorOf(file(`{ jsonata: '${text}' }`)),
        `ackline.yaml:5:27  routes[0].transform.jsonata: is no expression of JSONata: ${problem}`,
      );
    }
    const block = '\n      jsonata: |\n        1 +\n          2 + )\n';
    assert.match(errorOf(file(block)), /:6:16 {2}.* S0211 at line 2, column 7: The symbol "\)" cannot/);
  });

  it('is refused where JavaScript does not take its regular expression, and where it is nested without end', () => {
    assert.match(errorOf(file("{ jsonata: '$match(a, /[/)' }")), /is no expression of JSONata: /);
    assert.match(
      errorOf(file(`{ jsonata: '${'{"a":'.repeat(1_600)}' }`)),
      /is no expression of JSONata: (it is nested too deeply|S\d{4} at )/,
    );
  });

  it('is refused where it is no text, empty, or a program', () => {
    const rule =
      /^ackline\.yaml:5:2\d {2}routes\[0\]\.transform\.jsonata: must be a text of 1 to 8192 characters, an expression of JSONata$/;
    for (const given of ['{ jsonata: 5 }', "{ jsonata: ' ' }", `{ jsonata: '${'a'.repeat(8_193)}' }`])
      assert.match(errorOf(file(given)), rule);
    assert.match(errorOf(file('body')), /:5:16 {2}routes\[0\]\.transform: must be a map with jsonata/);
    assert.match(
      errorOf(file('{ jsonata: a, timeout: 6s }')),
      /transform\.timeout: must be within \[10ms, 5s\]/,
    );
  });

  it('leaves half of the time of an attempt to the request', () => {
    const message =
      'takes over half of the time-out of its destination "d": lower this one or raise that one';
    assert.equal(
      errorOf(file('{ jsonata: a }', ', timeout: 400ms')),
      `ackline.yaml:5:16  routes[0].transform: ${message}`,
    );
    assert.equal(
      errorOf(file('{ jsonata: a, timeout: 5s }', ', timeout: 9s')),
      `ackline.yaml:5:39  routes[0].transform.timeout: ${message}`,
    );
    assert.equal(load(file('{ jsonata: a, timeout: 5s }')).routes[0]?.transform?.timeoutMs, 5_000);
  });
});
