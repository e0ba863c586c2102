// Generated from services/console/src/api by `npm run docs`.
export interface paths {
    "/api/v1/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Acknowledgement times, rates, lag, tier, breakers, what is parked: over up to 30 days, and now */
        get: operations["readOverview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Events with their deliveries, the newest first */
        get: operations["listEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Events as they are stored, as server-sent events that go on where a client was */
        get: operations["streamEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events/payloads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The next events behind a cursor with headers and bodies, none skipped; noted in the audit */
        get: operations["pullEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One event, from its request to the last attempt */
        get: operations["readEvent"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events/{id}/payload": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Headers and body of an event, byte for byte; noted in the audit */
        get: operations["readPayload"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deliveries/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One delivery with its attempts */
        get: operations["readDelivery"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deliveries/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a parked, delivered or discarded delivery again */
        post: operations["replayDelivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deliveries/{id}/replay-edited": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a finished delivery again with another body, marked `ackline-edited`; the event and its headers stay as they came */
        post: operations["replayEdited"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deliveries/{id}/edits/{n}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The body that a person sent with a delivery */
        get: operations["readEdit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deliveries/{id}/discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give a parked delivery up, so that what waits for it goes on; it can still be replayed */
        post: operations["discardDelivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/parked": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Deliveries that need a person, the newest first */
        get: operations["listParked"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/parked/causes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is parked by cause, the most frequent first */
        get: operations["listCauses"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/parked/discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give up the oldest of what is parked for a cause, some hundred a call */
        post: operations["discardCause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/parked/quarantined": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Records that could not be stored, the newest first */
        get: operations["listQuarantined"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/replays": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Replays, the newest first */
        get: operations["listReplays"];
        put?: never;
        /** Count what a filter names. Nothing is sent before the replay is announced and then started */
        post: operations["createReplay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/replays/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far a replay is, and what has become of what it sent */
        get: operations["readReplay"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/replays/{id}/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send what was counted */
        post: operations["startReplay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/replays/{id}/continue": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Go on with a replay whose trickle failed, with a new trickle */
        post: operations["continueReplay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/replays/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End a replay: what is left of it stays as it is */
        post: operations["cancelReplay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/destinations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Destinations with their breakers and pauses, and what is due for them */
        get: operations["listDestinations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/destinations/{name}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Hold all work for a destination; nothing is lost */
        post: operations["pauseDestination"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/destinations/{name}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Deliver what was held: ends a pause, and that of a destination that answered 410 */
        post: operations["resumeDestination"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/destinations/{name}/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Resume it, and close its breaker: somebody has repaired it */
        post: operations["enableDestination"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sources": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Sources with the URL for the provider, and their secrets by age and last use */
        get: operations["listSources"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sources/{name}/samples": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a sample to the ingress, signed with the source's own secret as its provider would: an event like any other, and delivered */
        post: operations["sendSample"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rejected": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Requests that were refused, with a diagnosis, the newest first */
        get: operations["listRejected"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rejected/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One refused request, by its request id: what was tried, and what would have been right */
        get: operations["readRejected"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who did what, the newest first */
        get: operations["listAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/caller": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who calls, and what the caller may do */
        get: operations["readCaller"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/access": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How one becomes known here */
        get: operations["readAccess"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sign a browser in with a token */
        post: operations["startSession"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/end": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sign it out */
        post: operations["endSession"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Place: {
            file: string;
            line: number;
        };
        Problem: {
            type: string;
            title: string;
            status: number;
            detail: string;
            /** @description From docs/errors.md. It keeps its meaning for ever. */
            code: string;
            requestId: string;
        };
        AuditEntry: {
            id: string;
            /** Format: date-time */
            at: string;
            actor: string;
            action: string;
            subject: string;
            details: {
                [key: string]: string | number;
            };
        };
        AuditPage: {
            items: components["schemas"]["AuditEntry"][];
            /** @description The cursor of the next page; null: this was the last one. */
            next: string | null;
            /** @description The look ended at its bound before the page was full: the time of the last row that was looked at. `next` goes on there. */
            scannedTo: string | null;
        };
        Caller: {
            name: string;
            scopes: ("view" | "payload" | "operate" | "configure")[];
            /** @description null: all of them. */
            tenant: string | null;
            /**
             * @description machine: whoever is on this machine, in development. session: a cookie, which can be signed out.
             * @enum {string}
             */
            by: "machine" | "token" | "session";
        };
        Attempt: {
            /** Format: date-time */
            at: string;
            /** @description null: nobody knows, the processor was lost. */
            ms: number | null;
            /** @enum {string} */
            outcome: "delivered" | "retry" | "park" | "hold" | "interrupted";
            status: number | null;
            error: string | null;
            /** @description The start of a refusing answer, for who has the scope `payload`: it may repeat the request. */
            excerpt: string | null;
            /** @description So many holds in a row were for this reason; this is the last one. */
            times: number | null;
        };
        Delivery: {
            /** Format: uuid */
            id: string;
            route: string;
            destination: string;
            /** @enum {string} */
            state: "waiting" | "due" | "leased" | "delivered" | "parked" | "discarded";
            tries: number;
            /** Format: date-time */
            dueAt: string;
            /** @description When it was delivered, parked or discarded. */
            finishedAt: string | null;
            lastStatus: number | null;
            lastError: string | null;
            /** Format: uuid */
            eventId: string;
            source: string;
            tenant: string;
            /** @description A hash of it where the caller has no scope `payload`: a key may be a phone number. It is the same for the same key of a source. */
            orderingKey: string | null;
            /** @enum {string} */
            priority: "normal" | "high";
            interruptions: number;
            parkReason: string | null;
            /** @description Later deliveries of its key wait for it. */
            blocks: boolean;
            /** @description A person sent it again. */
            replay: boolean;
            /** Format: date-time */
            createdAt: string;
            attempts: components["schemas"]["Attempt"][];
            /** @description Bodies that persons sent in the place of the one that came, the newest last. */
            edits: {
                n: number;
                /** Format: date-time */
                at: string;
                by: string;
                bytes: number;
            }[];
        };
        EditedBody: {
            /**
             * Format: uuid
             * @description Of the delivery.
             */
            id: string;
            n: number;
            bodyBytes: number;
            /** Format: base64 */
            bodyBase64: string;
        };
        ChangedDelivery: {
            /** Format: uuid */
            id: string;
            /** @enum {string} */
            state: "waiting" | "due" | "leased" | "delivered" | "parked" | "discarded";
        };
        Destination: {
            name: string;
            /** @description null: the configuration has it no more. */
            type: ("http" | "kafka" | "handler") | null;
            /** @description Without path and query, which may be a secret. */
            address: string | null;
            place: components["schemas"]["Place"] | null;
            concurrency: number | null;
            ordering: ("none" | "key") | null;
            paused: {
                reason: string;
                /** Format: date-time */
                at: string;
            } | null;
            /** @enum {string} */
            breaker: "closed" | "open" | "half open" | "recovering";
            probeInMs: number | null;
            /** @description Of type handler: processors that run it, of those that should. null: none has said anything of it. */
            handler: {
                ready: number;
                processors: number;
                problem: string | null;
            } | null;
            /** @description null: what is due for it goes out. */
            heldBecause: string | null;
            /** @description Deliveries that are due, or are tried again later. */
            due: {
                count: number;
                hasMore: boolean;
            };
        };
        Destinations: {
            items: components["schemas"]["Destination"][];
        };
        DestinationChange: {
            name: string;
            /** @description false: it was so before. */
            changed: boolean;
        };
        ListedEvent: {
            /** @description The place in the order of storing. */
            seq: string;
            /** Format: uuid */
            id: string;
            source: string;
            tenant: string;
            provider: string;
            type: string;
            /** @description A hash of it where the caller has no scope `payload`: a key may be a phone number. It is the same for the same key of a source. */
            dedupKey: string;
            /** @description A hash of it where the caller has no scope `payload`: a key may be a phone number. It is the same for the same key of a source. */
            orderingKey: string | null;
            /** Format: date-time */
            receivedAt: string;
            /** Format: date-time */
            storedAt: string;
            /** @enum {string} */
            tier: "kafka" | "inbox";
            /** @enum {string} */
            routing: "routed" | "unmatched" | "unrouted";
            bodyBytes: number;
            deliveries: {
                /** Format: uuid */
                id: string;
                route: string;
                destination: string;
                /** @enum {string} */
                state: "waiting" | "due" | "leased" | "delivered" | "parked" | "discarded";
                tries: number;
                /** Format: date-time */
                dueAt: string;
                /** @description When it was delivered, parked or discarded. */
                finishedAt: string | null;
                lastStatus: number | null;
                lastError: string | null;
            }[];
        };
        EventPage: {
            items: components["schemas"]["ListedEvent"][];
            /** @description The cursor of the next page; null: this was the last one. */
            next: string | null;
            /** @description The look ended at its bound before the page was full: the time of the last row that was looked at. `next` goes on there. */
            scannedTo: string | null;
        };
        TimelineEntry: {
            /** Format: date-time */
            at: string;
            /** @enum {string} */
            what: "occurred" | "received" | "stored" | "attempted" | "edited" | "delivered" | "parked" | "discarded";
            deliveryId: string | null;
            destination: string | null;
            /** @description Of an attempt, with its status or error; of an edit, its number and who made it. */
            outcome: string | null;
        };
        Event: {
            /** @description The place in the order of storing. */
            seq: string;
            /** Format: uuid */
            id: string;
            source: string;
            tenant: string;
            provider: string;
            type: string;
            /** @description A hash of it where the caller has no scope `payload`: a key may be a phone number. It is the same for the same key of a source. */
            dedupKey: string;
            /** @description A hash of it where the caller has no scope `payload`: a key may be a phone number. It is the same for the same key of a source. */
            orderingKey: string | null;
            /** Format: date-time */
            receivedAt: string;
            /** Format: date-time */
            storedAt: string;
            /** @enum {string} */
            tier: "kafka" | "inbox";
            /** @enum {string} */
            routing: "routed" | "unmatched" | "unrouted";
            bodyBytes: number;
            /** @description By its provider. */
            occurredAt: string | null;
            /** @enum {string} */
            priority: "normal" | "high";
            traceId: string | null;
            /** @description Where its trace is looked at, by CONSOLE_TRACE_URL. */
            traceUrl: string | null;
            deliveries: components["schemas"]["Delivery"][];
            timeline: components["schemas"]["TimelineEntry"][];
        };
        Payload: {
            /** Format: uuid */
            id: string;
            method: string;
            /** @description That the provider called. */
            url: string;
            /** @description In order, duplicates kept. */
            headers: [
                string,
                string
            ][];
            bodyBytes: number;
            /** Format: base64 */
            bodyBase64: string;
        };
        PulledEvents: {
            items: {
                /** @description The place in the order of storing. */
                seq: string;
                /** Format: uuid */
                id: string;
                source: string;
                tenant: string;
                provider: string;
                type: string;
                /** @description A hash of it where the caller has no scope `payload`: a key may be a phone number. It is the same for the same key of a source. */
                dedupKey: string;
                /** @description A hash of it where the caller has no scope `payload`: a key may be a phone number. It is the same for the same key of a source. */
                orderingKey: string | null;
                /** Format: date-time */
                receivedAt: string;
                /** Format: date-time */
                storedAt: string;
                /** @description `after`, for what is behind this event. */
                cursor: string;
                /** @description null: what is stored can not be read. */
                payload: {
                    method: string;
                    /** @description That the provider called. */
                    url: string;
                    /** @description In order, duplicates kept. */
                    headers: [
                        string,
                        string
                    ][];
                    bodyBytes: number;
                    /** Format: base64 */
                    bodyBase64: string;
                } | null;
            }[];
            /** @description The cursor that it began behind: `after`, or where it begins without. */
            from: string;
            /** @description `after` of the next call. It moves on also where nothing matched, and belongs to no filter. */
            next: string;
            /** @description There was no more at the time of the call. false: call again at once, also where no item came. */
            isCaughtUp: boolean;
        };
        OverviewPoints: {
            /** @description The beginnings of the steps. */
            at: string[];
            /** @description Events that were answered with a 2xx, by the tier that had them first. */
            accepted: {
                kafka: number[];
                inbox: number[];
                spool: number[];
            };
            /** @description Events. */
            stored: number[];
            /** @description Whose times the percentiles are of. */
            answers: number[];
            /** @description From the head of an event to its answer; null: there was none. */
            ackP50Ms: (number | null)[];
            ackP95Ms: (number | null)[];
            ackP99Ms: (number | null)[];
            delivered: number[];
            /** @description Attempts that did not deliver. */
            failed: number[];
            parked: number[];
        };
        Overview: {
            /**
             * Format: date-time
             * @description Of the first point: `since` of the call on the grid of the steps.
             */
            since: string;
            /** Format: date-time */
            until: string;
            /** @description Seconds from point to point. */
            stepS: number;
            /**
             * @description Where all but `now` comes from: each process counts, and adds what it has once a minute. One that was killed has not told its last minute.
             * @constant
             */
            totals: "kept per minute";
            /**
             * Format: date-time
             * @description What came later may not be told yet.
             */
            completeUntil: string;
            points: components["schemas"]["OverviewPoints"];
            /** @description The busiest, in columns as `points`. */
            sources: {
                source: string;
                tenant: string;
                accepted: number[];
                stored: number[];
            }[];
            /** @description Of the whole time, the busiest first. */
            destinations: {
                destination: string;
                delivered: number;
                failed: number;
                parked: number;
            }[];
            now: {
                /** @description Of the last minutes that were told; null: nothing came in them. */
                acks: {
                    answers: number;
                    p50Ms: number | null;
                    p95Ms: number | null;
                    p99Ms: number | null;
                    /**
                     * Format: date-time
                     * @description When it was so, by the clock of who measured it.
                     */
                    measuredAt: string;
                } | null;
                /** @description That which took most in the last minute that was told; null: nothing came in the last minutes. */
                tier: {
                    /** @enum {string} */
                    inUse: "kafka" | "inbox" | "spool";
                    /**
                     * Format: date-time
                     * @description When it was so, by the clock of who measured it.
                     */
                    measuredAt: string;
                } | null;
                /** @description null: no processor runs, or the token is of one tenant. */
                lag: {
                    /** @description Since the oldest event that is not stored yet came. */
                    seconds: number;
                    /** @description Events that are not stored yet. */
                    waiting: number;
                    /**
                     * Format: date-time
                     * @description When it was so, by the clock of who measured it.
                     */
                    measuredAt: string;
                } | null;
                /** @description null: the token is of one tenant. */
                breakers: {
                    /** @description Destinations that are paused, or whose breaker is not closed. */
                    items: {
                        destination: string;
                        /** @enum {string} */
                        breaker: "closed" | "open" | "half open" | "recovering";
                        probeInMs: number | null;
                        paused: boolean;
                    }[];
                    /** @description The others. */
                    closed: number;
                    /**
                     * Format: date-time
                     * @description When it was so, by the clock of who measured it.
                     */
                    measuredAt: string;
                } | null;
                parked: {
                    count: number;
                    /** @description `count` is where counting ended: there are at least so many. */
                    hasMore: boolean;
                    /**
                     * Format: date-time
                     * @description When it was so, by the clock of who measured it.
                     */
                    measuredAt: string;
                };
                replays: {
                    /** @description Announced, under way or stopped. */
                    pending: number;
                    /**
                     * Format: date-time
                     * @description When it was so, by the clock of who measured it.
                     */
                    measuredAt: string;
                };
            };
        };
        ParkedDelivery: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            eventId: string;
            source: string;
            tenant: string;
            route: string;
            destination: string;
            /** @description A hash of it where the caller has no scope `payload`: a key may be a phone number. It is the same for the same key of a source. */
            orderingKey: string | null;
            reason: string;
            /** @description Its destination and the last answer: what one repair is for. */
            cause: string;
            tries: number;
            /** Format: date-time */
            parkedAt: string;
            blocks: boolean;
            lastStatus: number | null;
            lastError: string | null;
            /** @description The start of a refusing answer, for who has the scope `payload`: it may repeat the request. */
            lastExcerpt: string | null;
        };
        ParkedPage: {
            items: components["schemas"]["ParkedDelivery"][];
            /** @description The cursor of the next page; null: this was the last one. */
            next: string | null;
            /** @description The look ended at its bound before the page was full: the time of the last row that was looked at. `next` goes on there. */
            scannedTo: string | null;
        };
        ParkedCause: {
            cause: string;
            destination: string;
            count: number;
            /** @description `count` is where counting ended: there are at least so many. */
            hasMore: boolean;
            /** Format: date-time */
            firstAt: string;
            /** Format: date-time */
            lastAt: string;
            /**
             * Format: uuid
             * @description The delivery that was parked last.
             */
            exampleId: string;
            /**
             * Format: uuid
             * @description Its event.
             */
            exampleEventId: string;
        };
        ParkedCauses: {
            items: components["schemas"]["ParkedCause"][];
        };
        DiscardedOfCause: {
            /** @description 0: nothing is left. Else there may be more: call again. */
            discarded: number;
        };
        Quarantined: {
            /** @description Of all, also those that are not listed. */
            total: number;
            /** @description `total` is where counting ended: there are at least so many. */
            hasMore: boolean;
            items: {
                id: string;
                /** @description Where it was read: the place in the log. */
                origin: string;
                reason: string;
                /** Format: date-time */
                quarantinedAt: string;
            }[];
        };
        Rejected: {
            /** Format: uuid */
            requestId: string;
            /** Format: date-time */
            rejectedAt: string;
            source: string;
            provider: string;
            code: string;
            reason: string;
            diagnosis: string;
            /** @description The signature doctor's words. */
            what: string;
            fix: string;
            method: string;
            /** @description Without its query. */
            url: string;
            /** @description Those that are known, with the lengths of their values. */
            headers: {
                name: string;
                length: number;
            }[];
            otherHeaders: number;
            bodyBytes: number;
            bodySha256: string;
            /** @description Live ones that were tried. */
            secrets: number;
            /** @description Checks by the kind of variant. */
            tried: {
                [key: string]: number;
            };
            /** @description The place of the secret that proves the variant. */
            secretIndex: number | null;
            /** @description From the signed time to the arrival. */
            skewMs: number | null;
        };
        RejectedPage: {
            items: components["schemas"]["Rejected"][];
            /** @description The cursor of the next page; null: this was the last one. */
            next: string | null;
            /** @description The look ended at its bound before the page was full: the time of the last row that was looked at. `next` goes on there. */
            scannedTo: string | null;
        };
        ReplayFilter: {
            /** @enum {string} */
            state: "parked" | "delivered" | "discarded";
            cause?: string;
            destination?: string;
            route?: string;
            source?: string;
            tenant?: string;
            /** Format: date-time */
            since?: string;
            /** Format: date-time */
            until?: string;
        };
        ListedReplay: {
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            createdAt: string;
            createdBy: string;
            filter: components["schemas"]["ReplayFilter"];
            ratePerS: number;
            /** @description So many go first, and the others once these have arrived. */
            trickle: number;
            /** @enum {string} */
            state: "counting" | "announced" | "trickle" | "running" | "stopped" | "cancelled" | "done";
            counted: number;
            released: number;
            /** @description They were no longer as they had been counted. */
            skipped: number;
            left: number;
            /** @description Why it was stopped. */
            reason: string | null;
            /** Format: date-time */
            changedAt: string;
            finishedAt: string | null;
        };
        ReplayPage: {
            items: components["schemas"]["ListedReplay"][];
            /** @description The cursor of the next page; null: this was the last one. */
            next: string | null;
            /** @description The look ended at its bound before the page was full: the time of the last row that was looked at. `next` goes on there. */
            scannedTo: string | null;
        };
        Replay: {
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            createdAt: string;
            createdBy: string;
            filter: components["schemas"]["ReplayFilter"];
            ratePerS: number;
            /** @description So many go first, and the others once these have arrived. */
            trickle: number;
            /** @enum {string} */
            state: "counting" | "announced" | "trickle" | "running" | "stopped" | "cancelled" | "done";
            counted: number;
            released: number;
            /** @description They were no longer as they had been counted. */
            skipped: number;
            left: number;
            /** @description Why it was stopped. */
            reason: string | null;
            /** Format: date-time */
            changedAt: string;
            finishedAt: string | null;
            open: number;
            retrying: number;
            parkedAgain: number;
            delivered: number;
            discarded: number;
        };
        Access: {
            /** @description Whoever is on this machine is known: nobody needs to sign in. */
            local: boolean;
            /** @description `/login/oidc` signs in by an OpenID provider; null: none is configured. */
            oidc: {
                /** @description What people call it: "Sign in with …". */
                label: string;
            } | null;
        };
        Session: {
            name: string;
            scopes: ("view" | "payload" | "operate" | "configure")[];
            /** @description null: all of them. */
            tenant: string | null;
            /**
             * Format: date-time
             * @description It ends before, where it is not used for an hour.
             */
            expiresAt: string;
        };
        SessionEnd: {
            /** @description false: nobody was. */
            ended: boolean;
        };
        SentSample: {
            source: string;
            /** @description Where it was sent: below CONSOLE_INGRESS_URL. */
            url: string;
            /** @description The ingress's; null: it gave no answer. */
            status: number | null;
            /** @description Why there was no answer. */
            error: string | null;
            ms: number;
            /** @description null: it was not accepted, is not stored after some seconds, or its provider gives no id by which it is found. */
            eventId: string | null;
        };
        Secret: {
            /** @description Where its value is read: `env NAME` or `file PATH`. */
            reference: string;
            place: components["schemas"]["Place"] | null;
            /** @description Since an ingress has it; null: none has, or its value is not known here. */
            firstListedAt: string | null;
            /** @description It is known here; else nothing is known of its uses. */
            hasValue: boolean;
            /** @description Since an ingress last had it. */
            listedAgeMs: number | null;
            lastUsedAt: string | null;
            lastUsedAgeMs: number | null;
            uses: number;
            /** @description Requests that the other secrets of the source have proved since. */
            othersSince: number;
            safeToRemove: boolean;
        };
        Source: {
            name: string;
            provider: string;
            tenant: string;
            path: string;
            aliases: string[];
            /** @description What the provider is to call; null: no publicUrl is configured. */
            url: string | null;
            place: components["schemas"]["Place"] | null;
            secrets: components["schemas"]["Secret"][];
        };
        Sources: {
            items: components["schemas"]["Source"][];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    readOverview: {
        parameters: {
            query?: {
                /** @description Of up to 30 days ago; an hour ago where it is left out. */
                since?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Acknowledgement times, rates, lag, tier, breakers, what is parked: over up to 30 days, and now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Overview"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listEvents: {
        parameters: {
            query?: {
                /** @description Rows of a page. */
                limit?: number;
                /** @description `next` of the page before. It belongs to the same filters. */
                cursor?: string;
                source?: string;
                type?: string;
                tenant?: string;
                /** @description The provider's own event id. Needs the scope `payload` too. */
                dedupKey?: string;
                /** @description Chat, customer, repository, … Needs the scope `payload` too. */
                orderingKey?: string;
                /** @description With a delivery to it. */
                destination?: string;
                /** @description A filter of body and headers as JSON, in the language of a route's `where` (docs/routes.md): `{"body.amount":{"$gt":100}}`. Needs the scope `payload` too. */
                where?: string;
                /** @description Hashes of dedup and ordering keys, also where the caller may see them as they are. */
                keys?: "hidden";
                id?: string;
                /** @description With a delivery in this state (to `destination`, where that is given). */
                state?: "waiting" | "due" | "leased" | "delivered" | "parked" | "discarded";
                /** @description By the clock of the ingress. */
                receivedSince?: string;
                /** @description By the clock of the ingress. To begin far back, give storedUntil too. */
                receivedUntil?: string;
                /** @description By the clock of the database; a page goes no further back. */
                storedSince?: string;
                /** @description By the clock of the database; the list begins there, however much is newer. */
                storedUntil?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events with their deliveries, the newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventPage"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    streamEvents: {
        parameters: {
            query?: {
                source?: string;
                type?: string;
                tenant?: string;
                /** @description The provider's own event id. Needs the scope `payload` too. */
                dedupKey?: string;
                /** @description Chat, customer, repository, … Needs the scope `payload` too. */
                orderingKey?: string;
                /** @description With a delivery to it. */
                destination?: string;
                /** @description A filter of body and headers as JSON, in the language of a route's `where` (docs/routes.md): `{"body.amount":{"$gt":100}}`. Needs the scope `payload` too. */
                where?: string;
                /** @description Hashes of dedup and ordering keys, also where the caller may see them as they are. */
                keys?: "hidden";
                /** @description The id of the last event that was seen; the header Last-Event-ID says the same. Without: from now on. */
                after?: string;
                /** @description None that was stored before, by the clock of the database. Without `after` it begins there. Give it with each call. */
                storedSince?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events as they are stored, as server-sent events that go on where a client was */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["ListedEvent"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    pullEvents: {
        parameters: {
            query?: {
                /** @description One of these. */
                source?: string[];
                type?: string;
                tenant?: string;
                /** @description The provider's own event id. Needs the scope `payload` too. */
                dedupKey?: string;
                /** @description Chat, customer, repository, … Needs the scope `payload` too. */
                orderingKey?: string;
                /** @description With a delivery to it. */
                destination?: string;
                /** @description A filter of body and headers as JSON, in the language of a route's `where` (docs/routes.md): `{"body.amount":{"$gt":100}}`. Needs the scope `payload` too. */
                where?: string;
                /** @description `next` of the call before, or `cursor` of an event. Without: from now on. */
                after?: string;
                /** @description None that was stored before, by the clock of the database. Without `after` it begins there. Give it with each call. */
                storedSince?: string;
                /** @description Events of an answer. 8 MiB of bodies end it before; there is one at least. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The next events behind a cursor with headers and bodies, none skipped; noted in the audit */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PulledEvents"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readEvent: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One event, from its request to the last attempt */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Event"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readPayload: {
        parameters: {
            query?: {
                /** @description The bytes of the body alone, as a file. */
                raw?: "" | "true";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Headers and body of an event, byte for byte; noted in the audit */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Payload"];
                    "application/octet-stream": string;
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One delivery with its attempts */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Delivery"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    replayDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Send a parked, delivered or discarded delivery again */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedDelivery"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    replayEdited: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: base64
                     * @description 1 MiB at most. Of an event that came as JSON it has to be JSON.
                     */
                    bodyBase64: string;
                };
            };
        };
        responses: {
            /** @description Send a finished delivery again with another body, marked `ackline-edited`; the event and its headers stay as they came */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedDelivery"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readEdit: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                n: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The body that a person sent with a delivery */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EditedBody"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    discardDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Give a parked delivery up, so that what waits for it goes on; it can still be replayed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedDelivery"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listParked: {
        parameters: {
            query?: {
                /** @description Rows of a page. */
                limit?: number;
                /** @description `next` of the page before. It belongs to the same filters. */
                cursor?: string;
                cause?: string;
                destination?: string;
                source?: string;
                tenant?: string;
                /** @description Hashes of dedup and ordering keys, also where the caller may see them as they are. */
                keys?: "hidden";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deliveries that need a person, the newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ParkedPage"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listCauses: {
        parameters: {
            query?: {
                tenant?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is parked by cause, the most frequent first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ParkedCauses"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    discardCause: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    cause: string;
                    /**
                     * Format: date-time
                     * @description What was parked later stays: nobody has seen it.
                     */
                    parkedUntil: string;
                };
            };
        };
        responses: {
            /** @description Give up the oldest of what is parked for a cause, some hundred a call */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DiscardedOfCause"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listQuarantined: {
        parameters: {
            query?: {
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Records that could not be stored, the newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Quarantined"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listReplays: {
        parameters: {
            query?: {
                /** @description Rows of a page. */
                limit?: number;
                /** @description `next` of the page before. It belongs to the same filters. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Replays, the newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReplayPage"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createReplay: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    filter: {
                        /**
                         * @description What they are now.
                         * @default parked
                         * @enum {string}
                         */
                        state?: "parked" | "delivered" | "discarded";
                        /** @description Of parked ones. */
                        cause?: string;
                        destination?: string;
                        route?: string;
                        source?: string;
                        tenant?: string;
                        /**
                         * Format: date-time
                         * @description Parked or finished since then.
                         */
                        since?: string;
                        /**
                         * Format: date-time
                         * @description Parked or finished until then.
                         */
                        until?: string;
                    };
                    /** @default 50 */
                    ratePerS?: number;
                    /**
                     * @description So many go first, and the others once these have arrived.
                     * @default 5
                     */
                    trickle?: number;
                };
            };
        };
        responses: {
            /** @description Count what a filter names. Nothing is sent before the replay is announced and then started */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListedReplay"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readReplay: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How far a replay is, and what has become of what it sent */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Replay"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    startReplay: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Send what was counted */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListedReplay"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    continueReplay: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Go on with a replay whose trickle failed, with a new trickle */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListedReplay"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancelReplay: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description End a replay: what is left of it stays as it is */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListedReplay"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listDestinations: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Destinations with their breakers and pauses, and what is due for them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Destinations"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    pauseDestination: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * @description Shown wherever the pause is.
                     * @default paused by hand
                     */
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Hold all work for a destination; nothing is lost */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DestinationChange"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    resumeDestination: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deliver what was held: ends a pause, and that of a destination that answered 410 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DestinationChange"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    enableDestination: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Resume it, and close its breaker: somebody has repaired it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DestinationChange"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listSources: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Sources with the URL for the provider, and their secrets by age and last use */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sources"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    sendSample: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Send a sample to the ingress, signed with the source's own secret as its provider would: an event like any other, and delivered */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SentSample"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listRejected: {
        parameters: {
            query?: {
                /** @description Rows of a page. */
                limit?: number;
                /** @description `next` of the page before. It belongs to the same filters. */
                cursor?: string;
                source?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Requests that were refused, with a diagnosis, the newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RejectedPage"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readRejected: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One refused request, by its request id: what was tried, and what would have been right */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Rejected"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listAudit: {
        parameters: {
            query?: {
                /** @description Rows of a page. */
                limit?: number;
                /** @description `next` of the page before. It belongs to the same filters. */
                cursor?: string;
                actor?: string;
                action?: string;
                subject?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who did what, the newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditPage"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readCaller: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who calls, and what the caller may do */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Caller"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readAccess: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How one becomes known here */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Access"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    startSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    token: string;
                };
            };
        };
        responses: {
            /** @description Sign a browser in with a token */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    endSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description Sign it out */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionEnd"];
                };
            };
            /** @description It was not done */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
