import { readFileSync } from 'node:fs';
import { durationText } from '@ackline/shared/config/provider-defaults';
import type { Provider } from '@ackline/shared/provider';
import { providers } from '@ackline/shared/providers/registry';
import { proofOf } from './provider-proofs.ts';

const BEGIN = '<!-- at-a-glance: generated from the registry of providers by `npm run docs` -->';
const END = '<!-- /at-a-glance -->';
const MIB = 1_048_576;
const written = new URL('../../docs/providers.md', import.meta.url);

/** docs/providers.md: the page that people write, with the tables of the registry between its two marks. */
export function providersPage(page: string = readFileSync(written, 'utf8')): string {
  const [before, inside, ...others] = page.split(BEGIN);
  const [, after, ...more] = inside?.split(END) ?? [];
  if (before === undefined || after === undefined || others.length + more.length > 0)
    throw new Error(`docs/providers.md has to have one ${BEGIN} and one ${END}`);
  return `${before}${BEGIN}\n${tables([...providers.values()])}${END}${after}`;
}

function tables(all: readonly Provider[]): string {
  const requests = all.map(provider => [
    link(provider),
    proofText(provider),
    provider.signsUrl ? 'yes' : '',
    provider.toleranceMs === null ? '' : durationText(provider.toleranceMs),
    codes(provider.contentTypes),
    provider.split === undefined ? '' : 'several',
    answerText(provider),
    `${(provider.maxBodyBytes ?? MIB) / MIB} MiB`,
  ]);
  const senders = all.map(provider => [link(provider), ...senderCells(provider), proofOf(provider.name)]);
  return `
### At a glance

${table(['provider', 'proof', 'URL signed', 'tolerance', 'content types', 'events in a body', 'answer', 'body up to'], requests)}

What a body may have is what a source takes that does not say (\`maxBody\`). Without options \`generic\` is as it stands here.

${table(['sender', 'waits', 'sends again', 'disables', 'over a limit', 'proven with'], senders)}

Where a webhook is disabled after days of failure alone, nothing is in the column. Of \`generic\` nobody knows the sender: this is what is reckoned with.
`;
}

function senderCells({ rules, overLimit }: Provider): readonly string[] {
  const { waitsMs, sendsAgain, disables, bears } = rules;
  const after = bears === undefined ? 'yes' : `after ${bears + 1} failures in a row`;
  return [`${waitsMs / 1_000} s`, sendsAgain ? 'yes' : 'no', disables ? after : '', overLimit];
}

function proofText({ proofHeaders, otherProofHeaders }: Provider): string {
  const own = codes(proofHeaders);
  return otherProofHeaders === undefined ? own : `${own}; or ${codes(otherProofHeaders)}`;
}

/** That to its sample, which needs no proof. */
function answerText(provider: Provider): string {
  const url = `https://hooks.example.com/webhook/${provider.name}`;
  const sample = provider.sample({ url, secret: '', sequence: 0, now: 0 });
  const { status, contentType } = provider.answer({ method: 'POST', url, ...sample });
  return contentType === null ? `${status}, empty` : `${status} \`${contentType}\``;
}

const link = ({ name }: Provider) => `[${name}](#${name})`;
const codes = (texts: readonly string[]) => texts.map(text => `\`${text}\``).join(', ');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}
