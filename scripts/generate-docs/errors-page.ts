import { type ErrorCode, errorCodes } from '@ackline/shared/error-codes';

/** docs/errors.md, from the table of codes. */
export function errorsPage(): string {
  const codes = Object.keys(errorCodes) as ErrorCode[];
  const answers = codes.filter(code => errorCodes[code].status !== null);
  const others = codes.filter(code => errorCodes[code].status === null);
  return `<!-- Generated from packages/shared/src/error-codes.ts by \`npm run docs\`. -->

# Error codes

Every error that Ackline shows has one of these codes. A code keeps its meaning for ever. In a checkout \`ackline\` is typed \`npx ackline\`.

## Answers to a webhook, or to a call of the operator API

The body is \`application/problem+json\` (RFC 9457) with \`type\`, \`title\`, \`status\`, \`detail\`, \`code\` and \`requestId\`. The request id
is also in the log line of the request. Nothing of the request's body, and no secret, is in an answer.

${answers.map(entry).join('\n')}
## Errors of a process or a command

They are printed by the command, or are the \`code\` of a log line.

${others.map(entry).join('\n')}`;
}

function entry(code: ErrorCode): string {
  const { status, retryable, title, fix } = errorCodes[code];
  const facts = [
    ...(status === null ? [] : [`Status ${status}`]),
    retryable ? 'trying again may help' : 'trying again does not help',
  ];
  const line = facts.join('; ');
  return `### ${code}\n\n${title}. ${line[0]?.toUpperCase()}${line.slice(1)}.\n\n**What to do.** ${fix}\n`;
}
