import { waitFor } from './wait-for.ts';

/** What is used of kafkajs's admin. */
export interface TopicAdmin {
  fetchTopicMetadata(options: { topics: string[] }): Promise<{
    topics: readonly { readonly partitions: readonly { readonly leader: number }[] }[];
  }>;
}

/**
 * Waits until each partition of a topic that was just made has a leader. The client's own `waitForLeaders` fails where the broker does
 * not know the topic yet when it is asked first.
 */
export async function untilLed(admin: TopicAdmin, topic: string, partitions: number): Promise<void> {
  await waitFor(
    async () => {
      const [made] = (await admin.fetchTopicMetadata({ topics: [topic] })).topics;
      return made?.partitions.length === partitions && made.partitions.every(({ leader }) => leader >= 0);
    },
    { timeoutMs: 60_000, what: `the leaders of ${topic}` },
  );
}
