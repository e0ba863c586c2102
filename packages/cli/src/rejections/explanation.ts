import { VARIANT_KINDS } from '@ackline/shared/signature-doctor/diagnosis';
import type { ListedRejection } from '@ackline/store/rejections';
import { shortTime } from '../output/short-time.ts';
import { printable } from '@ackline/shared/printable';
import { formatCount, formatMs, plural } from '../output/units.ts';

/** What a refused request was like, what was tried, and what would have been right. */
export function explain(request: ListedRejection): string {
  const { requestId, rejectedAt, source, provider, code, reason, diagnosis, what, fix } = request;
  const lines = [
    `Request ${requestId}, refused ${shortTime(rejectedAt)} (${code}, ${reason})`,
    `  ${'source'.padEnd(8)} ${source} (${provider})`,
    ...factsOf(request).map(([name, text]) => `  ${name.padEnd(8)} ${text}`),
    '',
    `${diagnosis}: ${what}`,
    `Fix: ${fix}`,
  ];
  return lines.map(printable).join('\n');
}

function factsOf(request: ListedRejection): readonly (readonly [name: string, text: string])[] {
  const { method, url, headers, bodyBytes, bodySha256, secrets, secretIndex, skewMs } = request;
  const known = headers.known.map(([name, length]) => `${name} (${length})`).join(', ');
  const right = secretIndex === null ? '' : `, secrets[${secretIndex}] is right`;
  return [
    ['url', `${method} ${url}`],
    ['headers', `${known || 'none that are known'}; ${plural(headers.others, 'other')}`],
    ['body', `${plural(bodyBytes, 'byte')}, SHA-256 ${bodySha256}`],
    ['secrets', `${plural(secrets, 'live one')}${right}`],
    ...(skewMs === null ? [] : [['time', describeSkew(skewMs)] as const]),
    ['tried', describeTried(request)],
  ];
}

function describeSkew(skewMs: number): string {
  return `signed ${formatMs(Math.abs(skewMs))} ${skewMs < 0 ? 'after' : 'before'} it came`;
}

function describeTried({ tried }: ListedRejection): string {
  const counts = VARIANT_KINDS.map(kind => [kind, tried[kind] ?? 0] as const).filter(
    ([, count]) => count > 0,
  );
  return (
    counts.map(([kind, count]) => `${kind} ${formatCount(count)}`).join(', ') || 'nothing: there was no need'
  );
}
