/** The images of the container tier. Production runs the same major versions. */
export const IMAGES = { postgres: 'postgres:17', redis: 'redis:8.0', kafka: 'apache/kafka:4.1.0' } as const;

/** On every container: the process id of the run that it belongs to, so that what is left behind can be told and removed. */
export const RUN_LABEL = 'ackline.test-run';
/** Where the tier runner leaves its process id. */
export const RUN_VARIABLE = 'ACKLINE_TEST_RUN';
