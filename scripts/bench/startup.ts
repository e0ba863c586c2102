import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { machineLine } from '../../bench/src/machine.ts';
import { markdownTable } from '../../bench/src/markdown-table.ts';
import { checkGoal, median, spread } from '../../bench/src/statistics.ts';
import { buildImage, chosenNodeImage, readRevision, readVersion } from '../image/build-image.ts';
import { docker } from '../image/docker-cli.ts';
import { buildEmittedImage } from '../image/emit-image.ts';
import { type ImageBed, type ImageService, migrateBed, openImageBed } from '../image/image-bed.ts';
import { type BenchCommand, keepRounds, positive } from './bench-command.ts';

const HELP = `usage: npm run bench -- startup [options]

  --rounds <n>         starts of each, in turn (9)
  --node-image <name>  the base of the image (that of the Dockerfile, or ACKLINE_NODE_IMAGE)
  --help

Builds the image, and one with emitted JavaScript in place of the TypeScript sources, and starts ingress and processor of both in turn, with
the compile cache that each brings and without. A time is from the start of the process to the first 200 of /startupz. Needs Docker.`;

/** The limit: TypeScript by JavaScript. */
const GOAL = 1.2;
const SERVICES = ['ingress', 'processor'] as const satisfies readonly ImageService[];
const NO_CACHE = { NODE_DISABLE_COMPILE_CACHE: '1' };

interface Variant {
  readonly name: string;
  readonly image: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Milliseconds of each round, by service and variant. */
type Figures = Readonly<Record<(typeof SERVICES)[number], readonly (readonly number[])[]>>;

/** How long ingress and processor take to start, beside the same as emitted JavaScript. */
export const startupBench: BenchCommand = {
  help: HELP,
  async run(args, context) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string', default: '9' },
        'node-image': { type: 'string', default: chosenNodeImage() },
      },
    });
    const rounds = Math.ceil(positive('rounds', values.rounds));
    const nodeImage = values['node-image'];
    context.needDocker();
    const ts = `ackline-startup:ts-${process.pid}`;
    const js = `ackline-startup:js-${process.pid}`;
    const variants: readonly Variant[] = [
      { name: 'TypeScript, its compile cache', image: ts, env: {} },
      { name: 'JavaScript, its compile cache', image: js, env: {} },
      { name: 'TypeScript, no compile cache', image: ts, env: NO_CACHE },
      { name: 'JavaScript, no compile cache', image: js, env: NO_CACHE },
    ];
    const loadBefore = loadavg()[0] ?? Number.NaN;
    await using made = new AsyncDisposableStack();
    made.defer(async () => void (await docker(['rmi', '--force', js, ts])));
    await buildImage({ tag: ts, nodeImage, version: readVersion(), revision: readRevision(), source: null });
    await buildEmittedImage(js, ts);
    await using bed = await openImageBed();
    await migrateBed(bed, ts);
    const figures = await runRounds({ bed, variants, rounds, say: context.say });
    await keepRounds('startup', { variants, figures }, context);
    const load = `Load average before the first round ${loadBefore.toFixed(1)}, after the last ${(loadavg()[0] ?? Number.NaN).toFixed(1)}.`;
    return `${machineLine(context.startedAt)} ${rounds} rounds, base image ${nodeImage}. ${load}\n\n${report(variants, figures)}\n`;
  },
};

interface RoundsOptions {
  readonly bed: ImageBed;
  readonly variants: readonly Variant[];
  readonly rounds: number;
  readonly say: (line: string) => void;
}

/** One start of each before the rounds that count: the first one reads the image from disk. */
async function runRounds({ bed, variants, rounds, say }: RoundsOptions): Promise<Figures> {
  const figures = { ingress: variants.map((): number[] => []), processor: variants.map((): number[] => []) };
  for (let round = 0; round <= rounds; round += 1) {
    for (const service of SERVICES) {
      for (const [index, { image, env }] of variants.entries()) {
        await using running = await bed.start(image, service, env);
        if (round > 0) figures[service][index]?.push(running.startMs);
      }
    }
    say(`round ${round} of ${rounds}`);
  }
  return figures;
}

function report(variants: readonly Variant[], figures: Figures): string {
  const times = SERVICES.flatMap(service =>
    variants.map(({ name }, index) => {
      const rounds = figures[service][index] ?? [];
      return [
        service,
        name,
        Math.round(median(rounds)),
        rounds.map(Math.round).join(', '),
        spread(rounds).toFixed(2),
      ];
    }),
  );
  const goals = SERVICES.map(service => {
    const [ts = [], js = []] = figures[service];
    const { ratio, ownSpread, outcome } = checkGoal(ts, js, GOAL);
    return [service, ratio.toFixed(2), ownSpread.toFixed(2), `≤ ${GOAL}`, outcome];
  });
  return [
    markdownTable(['service', 'image', 'ms, median', 'its rounds', 'spread'], times),
    markdownTable(['TypeScript by JavaScript, with cache', 'ratio', 'own spread', 'goal', 'outcome'], goals),
  ].join('\n\n');
}
