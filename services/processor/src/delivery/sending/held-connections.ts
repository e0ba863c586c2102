import type { Connections, DestinationSender } from './delivery-sender.ts';

/** Connections that are retired stay open for whoever holds them: who is about to send counts as one who sends. */
export function holdConnections(connections: Connections): DestinationSender {
  let holders = 0;
  let isRetired = false;
  const retireWhenFree = () => {
    if (isRetired && holders === 0) connections.retire();
  };
  return {
    send: delivery => connections.send(delivery),
    hold() {
      holders += 1;
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        holders -= 1;
        retireWhenFree();
      };
    },
    retire() {
      isRetired = true;
      retireWhenFree();
    },
    close: () => connections.close(),
    ...(connections.handler === undefined ? {} : { handler: connections.handler }),
  };
}
