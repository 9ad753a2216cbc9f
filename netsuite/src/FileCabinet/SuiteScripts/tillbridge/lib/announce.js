/**
 * Tells Tillbridge of an event: written to the outbox first, then one attempt at once if nothing speaks against it.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define(
    ['N/runtime', './breaker', './outbox', './payload', './post', './quiet'],
    (runtime, breaker, outbox, payload, post, quiet) => {
        // What an attempt and its book-keeping take (14), with room for the scripts that run after this one.
        const UNITS_NEEDED = 100;
        // The drain leaves the row alone while the attempt may still run: 5 s to connect, 45 s for an answer.
        const ATTEMPT_SECONDS = 120;

        const unitsLeft = () =>
            quiet.run('the remaining units could not be read', () => runtime.getCurrentScript().getRemainingUsage(), 0);

        /** The sales order that an event is about; null for a report or a bill without one. */
        const orderOf = (about) => (about.recordType === 'salesorder' ? about.recordId : about.createdFrom) || null;

        /** Whether the verdict is to be looked up and written to the order after the event has been taken. */
        const follows = (settings, orderId) => Boolean(settings.writeStatus && settings.token && orderId);

        /**
         * Writes the event down as one that must not be sent from here, with the reason. 6 units.
         */
        const refuse = (about, reason) => {
            const keepSeconds = 14 * 24 * 60 * 60;
            const event = { id: payload.eventId(about), about, body: payload.body(about) };
            outbox.add(event, { state: outbox.STATE.BLOCKED, wait: keepSeconds, error: reason });
        };

        /**
         * Writes the event down and, with `atOnce`, sends it. 6 units without an attempt; 19 with one that succeeds,
         * 20 with one that fails.
         *
         * @param {Object} settings of this account
         * @param {Object} about as of the payload
         * @param {Object} [how] `atOnce`: try now; `extra`: more members of the body's data
         * @returns {{id: string, sent: boolean, error: string}}
         */
        const announce = (settings, about, how = {}) => {
            const id = payload.eventId(about);
            const body = payload.body(about, how.extra);
            const attempt = Boolean(how.atOnce) && unitsLeft() >= UNITS_NEEDED && !breaker.isOpen();
            // An outbox that cannot be written must not keep the event from leaving.
            const row = quiet.run('an event could not be written to the outbox', () =>
                outbox.add({ id, about, body }, { wait: attempt ? ATTEMPT_SECONDS : 0 }), null);
            if (!attempt) {
                return { id, sent: false, error: 'left to the outbox' };
            }
            const result = post.send(settings, id, body);
            breaker.learn(result);
            if (row !== null) {
                quiet.run('the outbox could not be updated', () =>
                    outbox.settle(settings, row, 0, result, follows(settings, orderOf(about))));
            }
            if (!result.ok) {
                quiet.audit(`${about.recordType} ${about.recordId} waits in the outbox`, result.error);
            }
            return { id, sent: result.ok, error: result.error };
        };

        return { announce, refuse, follows, orderOf };
    },
);
