import { systemsBefore, type SeedRow, seedRows, type Shower } from './seed-rows.ts';

/** `partly`: what is there is shown, and something is missing. */
export type SeedStatus = 'shown' | 'partly' | 'open';

export function statusOf({ shownBy, missing }: SeedRow): SeedStatus {
  if (missing === undefined) return 'shown';
  return shownBy.length === 0 ? 'open' : 'partly';
}

/** docs/seeds.md, from the table of rows. */
export function seedsPage(rows: readonly SeedRow[] = seedRows): string {
  const sections = systemsBefore.map(({ prefix, name }) => {
    const own = rows.filter(({ id }) => id.startsWith(`${prefix}.`));
    return `## ${prefix}: ${name}\n\n| row | what it had | here | shown by | |\n|---|---|---|---|---|\n${own.map(line).join('')}`;
  });
  return `<!-- Generated from scripts/generate-docs/seed-rows.ts by \`npm run docs\`. -->

# The systems before Ackline

They were five webhook handlers: three bots for Telegram, one for respond.io, one for WhatsApp by Twilio. What they had is here, or works better, or is
**open**. A row names the tests that show it, as the runner prints them, or a command. \`npm run test:unit -- seeds-page\` fails where a row names a test or a
command that is not there, or is missing itself. How to move from one of them: [MIGRATING.md](../MIGRATING.md).

${summary(rows)}

Files of tests: \`npm run test:unit -- <name>\`, \`test:integration\`, \`test:container\`.

${sections.join('\n')}`;
}

function summary(rows: readonly SeedRow[]): string {
  const of = (status: SeedStatus) => rows.filter(row => statusOf(row) === status);
  const open = [...of('partly'), ...of('open')].toSorted((a, b) => rows.indexOf(a) - rows.indexOf(b));
  const lines = open.map(row => `| ${row.id} | ${statusOf(row)} | ${cell(row.missing ?? '')} |\n`);
  return `${rows.length} rows: ${of('shown').length} shown, ${of('partly').length} partly, ${of('open').length} open. What is missing:

| row | | missing |
|---|---|---|
${lines.join('')}`.trimEnd();
}

function line(row: SeedRow): string {
  const status = statusOf(row);
  const said = status === 'shown' ? status : `**${status}**: ${row.missing ?? ''}`;
  const showers = row.shownBy.map(describeShower).join('<br>');
  return `| ${[row.id, row.before, row.here, showers || '–', said].map(cell).join(' | ')} |\n`;
}

function describeShower(shower: Shower): string {
  if ('command' in shower) return `\`${shower.command}\`: ${shower.tells}`;
  const name =
    shower.file
      .split('/')
      .at(-1)
      ?.replace(/\.test\.ts$/, '') ?? shower.file;
  return `[${name}](../${shower.file}): ${shower.titles.map(title => `“${title}”`).join('; ')}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
