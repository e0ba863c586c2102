import { environmentTable, type Variables, variablesOf } from './environment-table.ts';
import { environmentSchema as cliSchema } from '../../packages/cli/src/config.ts';
import { environmentSchema as consoleSchema } from '../../services/console/src/config.ts';
import { environmentSchema as ingressSchema } from '../../services/ingress/src/config.ts';
import { environmentSchema as processorSchema } from '../../services/processor/src/config.ts';

/** By who reads them. */
export const environmentSchemas = {
  ingress: ingressSchema,
  processor: processorSchema,
  console: consoleSchema,
  ackline: cliSchema,
};

/** docs/environment.md, from the schemas that the services read their environment by. */
export function environmentPage(): string {
  const ingress = variablesOf(ingressSchema);
  const processor = variablesOf(processorSchema);
  const common = only(processor, name => name in ingress);
  return `<!-- Generated from the config.ts of services and CLI by \`npm run docs\`. -->

# Configuration: the environment

What differs from one machine to the next. What is taken from whom, and where it goes, is in [ackline.yaml](configuration.md). An
empty variable counts as not set. A process names all bad ones in one message at its start, by
[ACKLINE_ENVIRONMENT_INVALID](errors.md#ackline_environment_invalid), without the value of one that looks like a secret.

**Secret** are passwords, the URLs with one and the headers with a token, as marked below, and every variable that ackline.yaml names by \`{ env: NAME }\`. None of
them is logged or in \`/health\`. They can be read by whoever may look at the process's environment; a secret of ackline.yaml can be a file instead.

## Ingress and processor

${environmentTable(common)}
## Ingress

${environmentTable(only(ingress, name => !(name in common)))}
## Processor

${environmentTable(only(processor, name => !(name in common)))}
## Console

Besides, it reads ACKLINE_CONFIG, ACKLINE_ENV, DATABASE_URL, LOG_LEVEL, OPS_HOST and OPS_PORT as above.

${environmentTable(only(variablesOf(consoleSchema), name => name.startsWith('CONSOLE_')))}
## ackline

\`npm start\` (\`ackline up\`) and the commands read these, and \`up\` gives all of the environment on to the services, so that the
variables above work there too; it sets OPS_HOST and OPS_PORT of the services itself.

${environmentTable(variablesOf(cliSchema))}`;
}

function only(variables: Variables, isWanted: (name: string) => boolean): Variables {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => isWanted(name)));
}
