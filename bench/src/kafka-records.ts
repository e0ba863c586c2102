import { waitFor } from '@ackline/testkit/wait-for';
import { Admin, ListOffsetTimestamps } from '@platformatic/kafka';

/** As many as Ackline's own topic has. */
const PARTITIONS = 12;
/** A broker that was just started takes a while to serve. */
const CLIENT_LIMIT_MS = 30_000;

/** The peers' topic, with what Ackline's own is given. */
export async function createTopic(brokers: string, name: string): Promise<void> {
  await withAdmin(brokers, admin =>
    admin.createTopics({ topics: [name], partitions: PARTITIONS, replicas: 1 }),
  );
}

/** Resolves when no broker knows the topic any more; one that is not there is no error. */
export async function removeTopic(brokers: string, name: string): Promise<void> {
  await withAdmin(brokers, async admin => {
    if (!(await admin.listTopics()).includes(name)) return;
    await admin.deleteTopics({ topics: [name] });
    await waitFor(async () => !(await admin.listTopics()).includes(name), {
      what: `the topic ${name} to be gone`,
    });
  });
}

/** All records that the topic ever got, 0 where there is none. */
export function countRecords(brokers: string, topic: string): Promise<number> {
  return withAdmin(brokers, async admin => {
    const known = await admin.listTopics();
    if (!known.includes(topic)) return 0;
    const partitions = Array.from({ length: PARTITIONS }, (_, partitionIndex) => ({
      partitionIndex,
      timestamp: ListOffsetTimestamps.LATEST,
    }));
    const listed = await admin.listOffsets({ topics: [{ name: topic, partitions }] });
    return listed
      .flatMap(each => each.partitions)
      .reduce((sum, partition) => sum + Number(partition.offset), 0);
  });
}

async function withAdmin<T>(brokers: string, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Admin({
    clientId: 'ackline-bench',
    bootstrapBrokers: brokers.split(','),
    timeout: CLIENT_LIMIT_MS,
  });
  try {
    return await use(admin);
  } finally {
    await admin.close();
  }
}
