import { DRAIN_DEADLINE_MS } from '@ackline/runtime/drain';
import { AppError } from '@ackline/shared/app-error';
import type { DestinationConfig, RouteConfig, SourceConfig } from '@ackline/shared/config/types';
import { providerOf } from '@ackline/shared/providers/registry';
import type { CliConfig } from '../../config.ts';
import { shownPath } from '../../config-file.ts';
import { inspectSetup, placedLines } from '../../config-setup.ts';
import { type Examination, findingAt, isPrivateHost, publicUrlOf } from '../examination.ts';
import type { Finding } from '../finding.ts';
import type { FindingId } from '../finding-rows.ts';
import { weakSecrets } from './secrets.ts';

/** Telegram calls no other. */
const TELEGRAM_PORTS: ReadonlySet<string> = new Set(['', '443', '80', '88', '8443']);

/** Reads the file; what can not be read, or is wrong, is a finding, and the examination goes on without it. */
export async function openExamination(config: CliConfig): Promise<{
  readonly examination: Examination;
  readonly findings: readonly Finding[];
}> {
  const fileName = shownPath(config.configFile);
  const base = { config, isProduction: config.mode === 'production', fileName };
  try {
    const setup = await inspectSetup(config.configFile, config);
    const { acklineConfig, secretEnvironment } = setup;
    const examination = { ...base, setup, acklineConfig, secretEnvironment };
    return { examination, findings: setupFindings(examination) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const examination = { ...base, setup: null, acklineConfig: null, secretEnvironment: config.environment };
    return {
      examination,
      findings: [{ id: 'config-unreadable', place: null, subject: null, what: error.message }],
    };
  }
}

/** What a start refuses. */
function setupFindings(examination: Examination): readonly Finding[] {
  const { setup, fileName } = examination;
  if (setup === null) return [];
  const list = setup.file.list();
  const wrong = list === '' ? [] : placedLines(list);
  return [
    ...wrong.map(({ line, column, message }): Finding => {
      const place = line === null || column === null ? null : { file: fileName, line, column };
      return { id: 'config-invalid', place, subject: null, what: message };
    }),
    ...setup.samples.map(({ path, message }) =>
      findingAt(examination, { id: 'config-invalid', path, subject: null, what: message }),
    ),
    ...setup.secrets.map(({ path, owner, message }) =>
      findingAt(examination, { id: 'secret-missing', path, subject: owner, what: message }),
    ),
  ];
}

/** What the file says, against what production and the providers need. */
export function examineConfiguration(examination: Examination): readonly Finding[] {
  const { acklineConfig } = examination;
  if (acklineConfig === null) return [];
  return [
    ...acklineConfig.sources.flatMap((source, index) => sourceFindings(examination, source, index)),
    ...acklineConfig.destinations.flatMap((destination, index) =>
      destinationFindings(examination, destination, index),
    ),
    ...weakSecrets(examination),
    ...logFindings(examination),
  ];
}

/** What holds of one entry of the file: the rule with its id, where it applies. */
interface Rule {
  readonly id: FindingId;
  readonly key: string;
  readonly applies: boolean;
  readonly what: string;
}

function found(
  examination: Examination,
  at: { readonly list: 'sources' | 'destinations'; readonly index: number; readonly subject: string },
  rules: readonly Rule[],
): readonly Finding[] {
  return rules
    .filter(({ applies }) => applies)
    .map(({ id, key, what }) =>
      findingAt(examination, { id, path: [at.list, at.index, key], subject: at.subject, what }),
    );
}

function sourceFindings(examination: Examination, source: SourceConfig, index: number): readonly Finding[] {
  const { isProduction, acklineConfig } = examination;
  const at = { list: 'sources', index, subject: `source ${source.name}` } as const;
  const routes = acklineConfig?.routes ?? [];
  return [
    ...found(examination, at, [
      {
        id: 'source-without-route',
        key: 'name',
        applies: !routes.some(route => mayTake(route, source)),
        what: 'no route takes its events',
      },
      ...answerRules(source),
      ...limitRules(examination, source),
    ]),
    ...(isProduction ? urlFindings(examination, source, index) : []),
  ];
}

function mayTake({ match }: RouteConfig, source: SourceConfig): boolean {
  return (
    (match.source === null || match.source === source.name) &&
    (match.tenant === null || match.tenant === source.tenant)
  );
}

/** How it answers, against how its provider bears that. */
function answerRules(source: SourceConfig): readonly Rule[] {
  const rules = providerOf(source)?.rules ?? null;
  const { bodyTimes, onUndurable, connection, provider } = source;
  if (rules === null) return [];
  return [
    {
      id: 'undurable-answered-200',
      key: 'onUndurable',
      applies: onUndurable === 200 && rules.sendsAgain,
      what: `onUndurable is 200, and ${provider} sends again what is answered 503`,
    },
    {
      id: 'undurable-answered-503',
      key: 'onUndurable',
      // One that bears some failures can be asked to send these again.
      applies: onUndurable === 503 && rules.disables && !rules.sendsAgain && rules.bears === undefined,
      what: `onUndurable is 503, and ${provider} disables webhooks that answer errors`,
    },
    {
      id: 'connection-closed',
      key: 'connection',
      applies: connection === 'close' && provider === 'telegram',
      what: 'each answer closes its connection',
    },
    {
      id: 'body-waits-longer',
      key: 'bodyTimeout',
      applies: bodyTimes.totalMs > rules.waitsMs,
      what: `bodyTimeout.total is ${bodyTimes.totalMs / 1_000} s, and ${provider} waits ${rules.waitsMs / 1_000} s in all`,
    },
  ];
}

function limitRules(
  { isProduction, acklineConfig, config }: Examination,
  source: SourceConfig,
): readonly Rule[] {
  const { limit, provider } = source;
  const hasDefault = (config.environment['WEBHOOK_MAX_REQUESTS_PER_MINUTE'] ?? '') !== '';
  const defers = providerOf(source)?.overLimit === 'defer';
  return [
    {
      id: 'source-without-limit',
      key: 'name',
      applies: isProduction && limit === null && !hasDefault,
      what: 'it takes as much as comes',
    },
    {
      id: 'limit-rejects',
      key: 'limit',
      applies: limit !== null && limit.over === 'reject' && defers,
      what: `its limit rejects, and ${provider} bears no 429`,
    },
    {
      id: 'limit-counts-proxy',
      key: 'limit',
      applies: isProduction && limit?.by === 'ip' && acklineConfig?.trustProxies.length === 0,
      what: 'it limits by address, and no proxy is trusted',
    },
  ];
}

function urlFindings(examination: Examination, source: SourceConfig, index: number): readonly Finding[] {
  const { acklineConfig } = examination;
  if (acklineConfig === null) return [];
  const subject = `source ${source.name}`;
  const path = source.publicUrl === null ? ['publicUrl'] : ['sources', index, 'publicUrl'];
  const called = publicUrlOf(source, acklineConfig);
  const url = called === null ? null : URL.parse(called);
  if (url === null) {
    const what = 'no publicUrl is declared for it';
    return [
      findingAt(examination, { id: 'public-url-missing', path: ['sources', index, 'name'], subject, what }),
    ];
  }
  const rules: readonly (readonly [FindingId, boolean, string])[] = [
    ['public-url-insecure', url.protocol === 'http:', `${url.origin} is called without TLS`],
    ['public-url-private', isPrivateHost(url.hostname), `${url.hostname} is a name or address of the inside`],
    [
      'public-url-port',
      source.provider === 'telegram' && !TELEGRAM_PORTS.has(url.port),
      `${url.origin} has the port ${url.port}`,
    ],
  ];
  return rules
    .filter(([, applies]) => applies)
    .map(([id, , what]) => findingAt(examination, { id, path, subject, what }));
}

function destinationFindings(
  examination: Examination,
  destination: DestinationConfig,
  index: number,
): readonly Finding[] {
  const { isProduction, acklineConfig } = examination;
  const { name, timeoutMs } = destination;
  const at = { list: 'destinations', index, subject: `destination ${name}` } as const;
  const url = destination.type === 'http' ? URL.parse(destination.url) : null;
  return found(examination, at, [
    {
      id: 'destination-without-route',
      key: 'name',
      applies: acklineConfig?.routes.every(route => route.destination !== name) === true,
      what: 'no route names it',
    },
    {
      id: 'timeout-over-drain',
      key: 'timeout',
      applies: timeoutMs > DRAIN_DEADLINE_MS,
      what: `its timeout is ${timeoutMs / 1_000} s, and a processor that stops waits ${DRAIN_DEADLINE_MS / 1_000} s`,
    },
    {
      id: 'destination-in-the-clear',
      key: 'url',
      applies: isProduction && url?.protocol === 'http:' && !isPrivateHost(url.hostname),
      what: `${url?.origin ?? ''} is reached without TLS`,
    },
    {
      id: 'destination-unsigned',
      key: 'name',
      applies: isProduction && url !== null && destination.signingSecret === null,
      what: 'its deliveries are not signed',
    },
  ]);
}

function logFindings(examination: Examination): readonly Finding[] {
  const { isProduction, acklineConfig, config } = examination;
  if (!isProduction) return [];
  const ofFile = acklineConfig?.logLevel ?? null;
  if (ofFile === null && config.isDebug) {
    return [{ id: 'log-of-debug', place: null, subject: 'LOG_LEVEL', what: 'it logs at DEBUG' }];
  }
  if (ofFile !== 'debug' && ofFile !== 'trace') return [];
  return [
    findingAt(examination, {
      id: 'log-of-debug',
      path: ['logLevel'],
      subject: null,
      what: 'it logs at DEBUG',
    }),
  ];
}
