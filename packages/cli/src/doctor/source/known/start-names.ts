/**
 * Names of what runs when a process starts or ends. They decide only where nothing else says who calls a function: it is
 * exported, or a method, and no call of it was found.
 */
const WHOLE = new RegExp(
  '^(?:_|do|on)?(?:main|start|startup|stop|close|shutdown|destroy|dispose|init|initiali[sz]e|setup|bootstrap|boot|connect|disconnect' +
    '|listen|launch|configure|register|install|migrate|constructor|afterAll|beforeAll' +
    '|ready|moduleInit|moduleDestroy|application[A-Z][A-Za-z]*)$',
  'i',
);
const VERB_AND_PART = new RegExp(
  '^(?:start|stop|init|initiali[sz]e|setup|bootstrap|connect|disconnect|close|create|make|build|load|open|configure|read|register)' +
    '(?:The)?(?:App|Application|Bot|Server|Services?|Db|DB|Database|Pool|Clients?|Connections?|Config|Configuration|Settings|Env' +
    '|Environment|Cache|Redis|Mongo|Logger|Log|Webhooks?|Workers?|Queues?|Scheduler|Jobs|Routes?|Router|Handlers?|Commands?' +
    '|Plugins?|Middlewares?|Schema|Templates?|Locales?|Translations?|I18n|Secrets?|Keys?|Files?)(?:[A-Z].*)?$',
);
/** Fastify's and others': a function that is called once and registers what runs later. */
const REGISTERS = /(?:Routes|routes|Plugin|plugin)$/;

/** Of what fills a registry: it is called so often as the program has commands or listeners, not so often as events come. */
const FILLS_REGISTRY =
  /^(?:constructor|on|once|use|command|hears|register|define|subscribe|install|declare|bind|attach|add(?:Handler|Listener|Command|Route|Plugin|Middleware|Hook|Source)|(?:register|define|declare|subscribe)[A-Z].*)$/;

export function fillsRegistry(name: string): boolean {
  return FILLS_REGISTRY.test(name) || isStartName(name);
}

export function isStartName(name: string): boolean {
  return WHOLE.test(name) || VERB_AND_PART.test(name) || REGISTERS.test(name);
}
