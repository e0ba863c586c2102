/** What a route does for one tenant. */
export interface Flow {
  readonly route: string;
  readonly tenant: string;
}

/** What waits: routes take turns, and tenants those of their route. One of a flow is out at a time. */
export interface RouteTurns<Item> {
  add(flow: Flow, item: Item): void;
  /** The next item of the flows that `mayGo`; null: none. Its flow has no turn before `done`. */
  take(mayGo: (flow: Flow) => boolean): { readonly flow: Flow; readonly item: Item } | null;
  done(flow: Flow): void;
  /** It waits no longer, if it did. */
  drop(flow: Flow, item: Item): void;
}

interface Queue<Item> {
  readonly flow: Flow;
  readonly items: Item[];
  isOut: boolean;
}

export function createRouteTurns<Item>(): RouteTurns<Item> {
  /** By route and tenant, both in the order of their turns. Only of flows that wait, or are out. */
  const routes = new Map<string, Map<string, Queue<Item>>>();

  const queueOf = ({ route, tenant }: Flow) => routes.get(route)?.get(tenant);

  function forgetEmpty({ flow: { route, tenant }, items, isOut }: Queue<Item>): void {
    if (isOut || items.length > 0) return;
    const queues = routes.get(route);
    queues?.delete(tenant);
    if (queues?.size === 0) routes.delete(route);
  }

  function goBehind({ flow: { route, tenant } }: Queue<Item>, queues: Map<string, Queue<Item>>): void {
    moveLast(queues, tenant);
    moveLast(routes, route);
  }

  return {
    add(flow, item) {
      const { route, tenant } = flow;
      const queues = routes.get(route) ?? new Map<string, Queue<Item>>();
      const queue = queues.get(tenant) ?? { flow, items: [], isOut: false };
      queue.items.push(item);
      queues.set(tenant, queue);
      routes.set(route, queues);
    },
    take(mayGo) {
      for (const queues of routes.values()) {
        for (const queue of queues.values()) {
          const { flow, items, isOut } = queue;
          const [item] = items;
          if (isOut || item === undefined || !mayGo(flow)) continue;
          items.shift();
          queue.isOut = true;
          goBehind(queue, queues);
          return { flow, item };
        }
      }
      return null;
    },
    done(flow) {
      const queue = queueOf(flow);
      if (queue === undefined) return;
      queue.isOut = false;
      forgetEmpty(queue);
    },
    drop(flow, item) {
      const queue = queueOf(flow);
      const index = queue?.items.indexOf(item) ?? -1;
      if (queue === undefined || index < 0) return;
      queue.items.splice(index, 1);
      forgetEmpty(queue);
    },
  };
}

function moveLast<Value>(map: Map<string, Value>, key: string): void {
  const value = map.get(key);
  if (value === undefined) return;
  map.delete(key);
  map.set(key, value);
}
