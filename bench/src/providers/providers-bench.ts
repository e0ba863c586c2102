import { newKeysOf } from '@ackline/shared/new-keys';
import type { Provider, ReceivedRequest } from '@ackline/shared/provider';
import type { BareCheck } from './bare-checks.ts';

export interface ProvidersOptions {
  readonly providers: readonly Provider[];
  readonly bareChecks: ReadonlyMap<string, BareCheck>;
  readonly rounds: number;
  /** Of each provider in a round, and of its bare check. */
  readonly requests: number;
  readonly say: (line: string) => void;
}

/** CPU time of one request in each round, in µs. */
export interface ProviderFigures {
  readonly name: string;
  readonly what: string;
  readonly bodyBytes: number;
  readonly ours: readonly number[];
  readonly bare: readonly number[];
}

/** Different ones, so that nothing is known of a request from the one before. */
const SAMPLES = 64;
const URL_CALLED = 'https://hooks.example.com/webhook/bench';

interface Contender extends ProviderFigures {
  readonly ours: number[];
  readonly bare: number[];
  readonly runOurs: (index: number) => boolean;
  readonly runBare: (index: number) => boolean;
}

/**
 * What verify and identify of each provider cost, beside the bare check of the same bytes: in each round every provider, and
 * right behind it its bare check. Throws where a sample is not proven by both.
 */
export function runProvidersBench(options: ProvidersOptions): readonly ProviderFigures[] {
  const contenders = options.providers.flatMap(provider => {
    const bareCheck = options.bareChecks.get(provider.name);
    if (bareCheck === undefined) options.say(`${provider.name}: no bare check is known`);
    return bareCheck === undefined ? [] : [createContender(provider, bareCheck)];
  });
  for (let round = 0; round <= options.rounds; round += 1) {
    for (const { ours, bare, runOurs, runBare } of contenders) {
      const oursUs = cpuUsOf(runOurs, options.requests);
      const bareUs = cpuUsOf(runBare, options.requests);
      if (round === 0) continue; // warms up
      ours.push(oursUs);
      bare.push(bareUs);
    }
    options.say(round === 0 ? 'warmed up' : `round ${round} of ${options.rounds}`);
  }
  return contenders.map(({ name, what, bodyBytes, ours, bare }) => ({ name, what, bodyBytes, ours, bare }));
}

function createContender(provider: Provider, bareCheck: BareCheck): Contender {
  const now = Date.now();
  const { secret, signingKey } = newKeysOf(provider);
  const secrets = [secret];
  const samples = Array.from({ length: SAMPLES }, (_, sequence): ReceivedRequest => {
    const sample = provider.sample({ url: URL_CALLED, secret: signingKey, sequence, now });
    return { method: 'POST', url: URL_CALLED, ...sample };
  });
  const checks = samples.map(sample => bareCheck.prepare(sample, secret));
  return {
    name: provider.name,
    what: bareCheck.what,
    bodyBytes: samples[0]?.body.length ?? 0,
    ours: [],
    bare: [],
    runOurs(index) {
      const sample = samples[index % SAMPLES];
      return (
        sample !== undefined &&
        provider.verify(sample, secrets, now).verified &&
        provider.identify(sample).kind === 'event'
      );
    },
    runBare: index => checks[index % SAMPLES]?.() === true,
  };
}

/** Of one call: of this process with all its threads, so that collecting garbage counts. */
function cpuUsOf(run: (index: number) => boolean, calls: number): number {
  const before = process.cpuUsage();
  let held = 0;
  for (let index = 0; index < calls; index += 1) if (run(index)) held += 1;
  const { user, system } = process.cpuUsage(before);
  if (held !== calls) throw new Error(`${calls - held} of ${calls} samples were not proven`);
  return (user + system) / calls;
}
