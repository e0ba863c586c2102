import { AppError } from '@ackline/shared/app-error';
import { isExplained } from '@ackline/shared/signature-doctor/diagnosis';
import { KEPT_DAYS, type KeptRejection, readRejection } from '@ackline/store/rejections';
import { type Command, InvalidArgumentError } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { FOUND_EXIT_CODE } from '../doctor/report-options.ts';
import { asTyped, programName } from '../output/program-name.ts';
import { printable } from '@ackline/shared/printable';
import { explain } from '../rejections/explanation.ts';
import { rejectionJson } from '../rejections/rejection-json.ts';
import { shownRejection } from '../rejections/shown-rejection.ts';
import { addConsoleOptions, type ConsoleOptions } from '../remote/console-options.ts';
import { answerOf, ask, isRemote, THE_DATABASE } from '../remote/with-console.ts';

const REQUEST_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface SignatureOptions extends ConsoleOptions {
  readonly body?: true;
  readonly json?: true;
}

export function registerDoctorSignature(doctor: Command, context: CommandContext): void {
  const command = doctor
    .command('signature')
    .description('Say why a request was refused, and what of it would have been right')
    .argument('<request id>', 'of the answer: requestId, X-Request-ID; or of `ackline rejected`', requestId)
    .option('--body', 'show the body too, where its source keeps it (keepRejected)')
    .option('--json', 'one JSON document');
  addConsoleOptions(command, THE_DATABASE)
    .addHelpText(
      'after',
      `\nThe exit status is 0 where the cause is known, ${FOUND_EXIT_CODE} where nothing that was tried would have been right, 1 where the request is not kept.` +
        '\n\nExample:\n  $ ackline doctor signature 3b1f6a52-6f0e-4d57-9f0a-0c8f2f6c1f11',
    )
    .action(async (id: string, options: SignatureOptions) => {
      if (options.body === true && isRemote(options))
        throw new AppError(
          'ACKLINE_USAGE',
          'A console shows no body of it: --body is for the database alone',
        );
      const request = await readKept(context, id, options);
      if (options.body === true && request.body === null) throw noBody(request);
      const body = options.body === true ? request.body : null;
      context.terminal.line(
        options.json === true ? rejectionJson(request, body) : asTyped(explained(request, body)),
      );
      if (!isExplained(request.diagnosis)) context.setExitCode(FOUND_EXIT_CODE);
    });
}

async function readKept(
  context: CommandContext,
  id: string,
  options: SignatureOptions,
): Promise<KeptRejection> {
  const request = await ask(context, options, {
    database: pool => readRejection(pool, id),
    async console(client) {
      const call = client.GET('/api/v1/rejected/{id}', { params: { path: { id } } });
      return { ...shownRejection(await answerOf(call)), body: null };
    },
  });
  if (request === null) throw notKept(id);
  return request;
}

function requestId(text: string): string {
  if (!REQUEST_ID.test(text))
    throw new InvalidArgumentError(`It must be the id of a request, as ${programName()} rejected lists it.`);
  return text;
}

function explained(request: KeptRejection, body: Uint8Array | null): string {
  const text = explain(request);
  return body === null
    ? text
    : `${text}\n\n${Buffer.from(body).toString('utf8').split('\n').map(printable).join('\n')}`;
}

function notKept(id: string): AppError {
  return new AppError(
    'ACKLINE_NOT_FOUND',
    `No refused request ${id} is kept. Of each source the first of a minute are, some seconds later, for ${KEPT_DAYS} days at most`,
  );
}

function noBody({ source }: KeptRejection): AppError {
  return new AppError(
    'ACKLINE_NOT_FOUND',
    `Its body is not kept: source ${source} has not "keepRejected: body", or the body is over 128 KiB`,
  );
}
