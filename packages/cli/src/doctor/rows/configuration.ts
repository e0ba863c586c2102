import type { FindingRow } from '../finding-row.ts';

/** Of ackline.yaml and the secrets that it names. */
export const configurationRows = {
  'config-unreadable': {
    impact: 'high',
    why: 'No process starts without it.',
    fix: 'Name the file with ACKLINE_CONFIG, and let the user of Ackline read it.',
  },
  'config-invalid': {
    impact: 'high',
    why: 'A start refuses the file, and a running process keeps the one before.',
    fix: 'Correct what `ackline check` names.',
  },
  'secret-missing': {
    impact: 'high',
    why: 'A start refuses it, since nobody could be proven without it.',
    fix: 'Set the variable or write the file, in the form that the finding names.',
  },
  'secret-weak': {
    impact: 'high',
    why: 'Who guesses it sends events that count as genuine.',
    fix: 'Make a random one (`openssl rand -hex 32`), add it to `secrets` as a second one, give it to the provider, then remove the old one.',
  },
  'secret-shared': {
    impact: 'medium',
    why: 'Who learns it at one provider can send to the other source as well.',
    fix: 'Give each source a secret of its own.',
  },
  'public-url-missing': {
    impact: 'medium',
    why: 'Nobody can tell which URL a provider should call, and what it calls now can not be compared.',
    fix: 'Set publicUrl to the base URL that providers call.',
  },
  'public-url-insecure': {
    impact: 'high',
    why: 'Events and bearer secrets cross the Internet in the clear, and Telegram calls no http URL.',
    fix: 'Give it https, with a certificate that providers accept; where a proxy ends TLS, name it in trustProxies.',
  },
  'public-url-private': {
    impact: 'high',
    why: 'Providers are outside: they can not reach this name or address.',
    fix: 'Set publicUrl to the name that providers call, not to the one that is known inside.',
  },
  'public-url-port': {
    impact: 'high',
    why: 'Telegram calls the ports 443, 80, 88 and 8443 alone.',
    fix: 'Take one of them, most simply 443 on a proxy.',
  },
  'source-without-route': {
    impact: 'medium',
    why: 'Its events are accepted and stored, and delivered to nobody.',
    fix: 'Add a route whose match takes it, or remove the source at the provider first and here then.',
  },
  'destination-without-route': {
    impact: 'low',
    why: 'Nothing new goes there; what is still open for it is delivered.',
    fix: 'Name it in a route, or remove it once `ackline destinations` shows no work.',
  },
  'source-without-limit': {
    impact: 'low',
    why: 'One sender may fill the log for all others.',
    fix: 'Give it a `limit`, or all of them WEBHOOK_MAX_REQUESTS_PER_MINUTE; by defer where the provider does not bear a 429.',
  },
  'limit-counts-proxy': {
    impact: 'medium',
    why: 'All requests that come through a proxy count as one address, and are limited together.',
    fix: 'Name the proxies in trustProxies, or limit by sender.',
  },
  'limit-rejects': {
    impact: 'medium',
    why: 'This provider does not bear a 429: it never sends again, or not for long, or holds back what comes behind, or ends the webhook. Its section of docs/providers.md says which (`Sender`).',
    fix: 'Set `over: defer`, its default for this provider.',
  },
  'connection-closed': {
    impact: 'medium',
    why: 'Telegram opens about 20 new connections a second at most, and one in two seconds after trouble.',
    fix: 'Set `connection: keep-alive`, the default.',
  },
  'undurable-answered-200': {
    impact: 'medium',
    why: 'An event that no log could take is lost, though this provider would have sent it again.',
    fix: 'Set `onUndurable: 503`, the default.',
  },
  'undurable-answered-503': {
    impact: 'medium',
    why: 'This provider disables a webhook that answers errors, and sends nothing again.',
    fix: 'Set `onUndurable: 200` after reading what it costs (docs/operations.md), and SPOOL_DIR so that it is rarely needed.',
  },
  'body-waits-longer': {
    impact: 'low',
    why: 'The provider has given up by then, and the request holds its memory for nothing.',
    fix: 'Set `bodyTimeout.total` below the limit of the provider.',
  },
  'destination-in-the-clear': {
    impact: 'medium',
    why: 'Deliveries cross networks that others may read, with all that customers wrote.',
    fix: 'Give the destination an https URL.',
  },
  'destination-unsigned': {
    impact: 'low',
    why: 'The receiver can not tell a delivery from a request that somebody else made.',
    fix: 'Set `signingSecret`, and check the signature there by Standard Webhooks.',
  },
  'timeout-over-drain': {
    impact: 'medium',
    why: 'A processor that stops cuts an attempt that takes longer than its drain, and sends it again: the receiver may get it twice.',
    fix: "Set the destination's `timeout` to 20 s or less, and let the receiver answer before its work.",
  },
  'log-of-debug': {
    impact: 'low',
    why: 'Each piece of work writes many lines: disks fill, and what matters is hard to find.',
    fix: 'Set LOG_LEVEL (or logLevel of ackline.yaml) to INFO.',
  },
} as const satisfies Record<string, FindingRow>;
