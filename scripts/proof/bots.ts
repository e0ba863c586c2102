import { loadavg } from 'node:os';
import type { BotScenario } from '../../proofs/src/bots/bot-scenario.ts';
import { type BotsFigures, type BotsOptions, runBots } from '../../proofs/src/bots/run-bots.ts';
import { respondioIntake } from '../../proofs/src/bots/respondio-intake.ts';
import { telegramServiceBot } from '../../proofs/src/bots/telegram-service-bot.ts';
import { whatsappIntake } from '../../proofs/src/bots/whatsapp-intake.ts';
import type { ProofArguments, ProofCommand } from './proof-command.ts';

/** The bots of examples/, each on real servers and on the embedded PostgreSQL. Figures: docs/proofs/bots.md. */
export const bots: ProofCommand = { docker: true, run };

const SCENARIOS: readonly BotScenario[] = [telegramServiceBot, whatsappIntake, respondioIntake];
const SERVERS: readonly BotsOptions['servers'][] = ['containers', 'embedded'];
const CONVERSATIONS = 1_000;
const KILLS = 8;
/** `--seconds` of the load, by the pace that the provider's limits allow. */
const CONVERSATIONS_A_SECOND = 4;

async function run(args: ProofArguments): Promise<boolean> {
  const conversations =
    args.seconds === null ? CONVERSATIONS : Math.ceil(args.seconds * CONVERSATIONS_A_SECOND);
  let holds = true;
  for (const scenario of SCENARIOS) {
    for (const servers of SERVERS) {
      const name = `${scenario.name} on ${servers}`;
      if (args.only !== null && !args.only.some(part => name.includes(part))) continue;
      const log = (line: string) => console.error(`${name}: ${line}, load ${loadavg()[0]?.toFixed(1)}`);
      const figures = await runBots({ scenario, servers, conversations, kills: KILLS, log });
      print(name, conversations, figures);
      holds &&= figures.checks.every(check => check.holds);
    }
  }
  return holds;
}

function print(name: string, conversations: number, figures: BotsFigures): void {
  const { messages, kills, seconds, drainSeconds, checks } = figures;
  console.log(
    `${name}: ${conversations} conversations, ${messages} messages, ${kills} × kill -9, ${seconds.toFixed(0)} s, the last ${drainSeconds.toFixed(0)} s of them drain`,
  );
  console.log('| promised | | seen |\n| --- | --- | --- |');
  for (const check of checks)
    console.log(`| ${check.name} | ${check.holds ? 'held' : '**BROKEN**'} | ${check.figure} |`);
}
