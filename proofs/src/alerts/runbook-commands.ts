import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AlertStage } from './alert-stage.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const LIMIT_MS = 60_000;
/** What a person types, and not what a machine answers. */
const COMMANDS = /^( *)```sh\n([\s\S]*?)^ *```$/gm;

/**
 * `jq` prints `null` for a field that is not there, and is content: a field that was renamed would never be missed. So what is null in
 * its input is `"none"`, and whatever null is left in its answer fails.
 */
const STRICT_JQ = `jq() {
  command jq "walk(if . == null then \\"none\\" else . end) | ($1) | if [.. | nulls] == [] then . else error(\\"prints null: \\(.)\\") end" "\${@:2}"
}
`;

export interface RunbookCommand {
  /** The heading that it stands below. */
  readonly section: string;
  readonly text: string;
}

/** The commands of a page, in their order. */
export function commandsOf(page: string): readonly RunbookCommand[] {
  return [...page.matchAll(COMMANDS)].map(match => {
    const heading =
      page
        .slice(0, match.index)
        .match(/^#+ .*$/gm)
        ?.at(-1) ?? '';
    const text = (match[2] ?? '').replaceAll(new RegExp(`^${match[1]}`, 'gm'), '');
    return { section: heading.replace(/^#+ /, ''), text };
  });
}

/** Runs each command of docs/runbook.md against the running system; those that fail or print `null`, with what they said. */
export async function runbookProblems(stage: AlertStage): Promise<string[]> {
  const page = await readFile(join(ROOT, 'docs/runbook.md'), 'utf8');
  const problems: string[] = [];
  for (const { section, text } of commandsOf(page)) {
    const failure = await run(text, stage);
    if (failure !== null) problems.push(`docs/runbook.md, ${section}: ${failure}`);
  }
  return problems;
}

function run(text: string, stage: AlertStage): Promise<string | null> {
  return failureOf(text, {
    PATH: [join(ROOT, 'node_modules/.bin'), process.env['PATH']].join(delimiter),
    INGRESS: stage.baseUrl,
    INGRESS_OPS: stage.ingress.opsUrl,
    PROCESSOR_OPS: stage.processor.opsUrl,
    DATABASE_URL: stage.databaseUrl,
    ACKLINE_CONFIG: stage.configPaths.ingress,
    ALERT_TOKEN: stage.token,
    ACKLINE_ENV: 'production',
  });
}

/** What a command said and how it ended, if that is a failure. */
export function failureOf(
  text: string,
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<string | null> {
  return new Promise(resolve => {
    execFile(
      'bash',
      ['-euo', 'pipefail', '-c', STRICT_JQ + text],
      { cwd: ROOT, env: { ...process.env, ...env }, timeout: LIMIT_MS },
      (error, stdout, stderr) =>
        resolve(error === null ? null : `${text.trim()}\n${stdout}${stderr}${error.message}`),
    );
  });
}
