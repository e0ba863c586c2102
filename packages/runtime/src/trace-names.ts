/**
 * Every name of a span and of an attribute, in one place, as `metric-rows` has those of metrics. Those without `ackline.` are
 * OpenTelemetry's semantic conventions. None of them may hold a payload, a secret, a dedup or an ordering key: these can be a phone number.
 */
export const spanNames = {
  /** Behind some of these: the topic, as it is configured. A request is named by its method and its configured path. */
  send: 'send',
  append: 'append',
  relay: 'relay spool',
  process: 'process',
  batch: 'process batch',
  transaction: 'transaction',
  attempt: 'POST',
  /** Behind it: the destination. */
  handle: 'handle',
  transform: 'transform',
} as const;

export const attributeNames = {
  httpMethod: 'http.request.method',
  httpRoute: 'http.route',
  httpStatus: 'http.response.status_code',
  httpResendCount: 'http.request.resend_count',
  urlPath: 'url.path',
  urlScheme: 'url.scheme',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  errorType: 'error.type',
  messagingSystem: 'messaging.system',
  messagingDestination: 'messaging.destination.name',
  messagingOperation: 'messaging.operation.name',
  messagingOperationType: 'messaging.operation.type',
  messagingMessageId: 'messaging.message.id',
  messagingBodyBytes: 'messaging.message.body.size',
  messagingBatchCount: 'messaging.batch.message_count',
  codeFile: 'code.file.path',
  dbSystem: 'db.system.name',
  dbBatchSize: 'db.operation.batch.size',
  source: 'ackline.source',
  tenant: 'ackline.tenant',
  requestId: 'ackline.request.id',
  result: 'ackline.result',
  reason: 'ackline.reason',
  tier: 'ackline.tier',
  lane: 'ackline.lane',
  eventId: 'ackline.event.id',
  stored: 'ackline.batch.stored',
  duplicates: 'ackline.batch.duplicates',
  route: 'ackline.route',
  destination: 'ackline.destination',
  deliveryId: 'ackline.delivery.id',
  attempt: 'ackline.delivery.attempt',
  replay: 'ackline.delivery.replay',
  outcome: 'ackline.outcome',
} as const;
