import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { type Environment, parseEnvironment } from '../../src/environment.ts';
import { tracingFields, tracingSettings } from '../../src/tracing/tracing-environment.ts';

const read = (env: Environment) => tracingSettings(parseEnvironment(z.object(tracingFields), env));

describe('the environment of traces', () => {
  it('switches them off without an endpoint', () => {
    assert.equal(read({}), null);
    assert.equal(read({ OTEL_TRACES_SAMPLER_ARG: '1', OTEL_EXPORTER_OTLP_HEADERS: 'a=b' }), null);
  });

  it('has the path for spans below the endpoint, and takes the whole URL where there is one', () => {
    const settings = { url: 'http://collector:4318/v1/traces', headers: {}, ratio: 0.1 };
    assert.deepEqual(read({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }), settings);
    assert.deepEqual(read({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' }), settings);
    const url = 'https://other/spans';
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url };
    assert.deepEqual(read(env), { ...settings, url });
  });

  it('reads headers and the ratio', () => {
    const settings = read({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
      OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Basic%20YTpi%3D, x-team = core=1',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
    });
    assert.deepEqual(settings?.headers, { authorization: 'Basic YTpi=', 'x-team': 'core=1' });
    assert.equal(settings?.ratio, 0.25);
  });

  it('refuses what is none of these, and shows no value that may be a secret', () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'ftp://user:canary@x',
      OTEL_EXPORTER_OTLP_HEADERS: 'canary',
      OTEL_TRACES_SAMPLER_ARG: '1.5',
    };
    assert.throws(
      () => read(env),
      (error: Error) => {
        for (const name of Object.keys(env)) assert.match(error.message, new RegExp(name));
        assert.doesNotMatch(error.message, /canary/);
        return true;
      },
    );
    for (const header of ['a=%0ab', '=b', 'a b=c', 'a=%zz']) {
      assert.throws(() => read({ OTEL_EXPORTER_OTLP_HEADERS: header }), /OTEL_EXPORTER_OTLP_HEADERS/, header);
    }
  });
});
