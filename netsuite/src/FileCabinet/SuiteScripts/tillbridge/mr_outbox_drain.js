/**
 * Drains the outbox every quarter of an hour and on demand: sends what waits, looks up what became of what was sent,
 * looks again at orders whose story is not over, and deletes what is old. Two runs at once do no harm: Tillbridge knows
 * an event by its id.
 *
 * Units of one map call, of 1,000: 15 to send (settings 1, breaker 2, post 10, outbox 2); 24 to look up (settings 1,
 * get 10, order 11, outbox 2).
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 * @NScriptType MapReduceScript
 */
define(
    [
        'N/runtime', './lib/announce', './lib/breaker', './lib/clock', './lib/dead_search', './lib/order', './lib/outbox',
        './lib/post', './lib/quiet', './lib/settings', './lib/status',
    ],
    (runtime, announcer, breaker, clock, deadSearch, orders, outbox, post, quiet, accountSettings, status) => {
        const { STATE } = outbox;
        const ROWS = 4000;
        const WATCHED = 200;
        // States whose rows are only kept for people to see, and then deleted.
        const UPKEEP = [STATE.DONE, STATE.BLOCKED];
        // After this the order is left to the watch.
        const FOLLOW_SECONDS = 6 * 60 * 60;

        const getInputData = () => {
            const { settings, refusal } = accountSettings.load({ fresh: true });
            if (!settings) {
                // Nothing leaves from here, but what is old goes, or a forgotten sandbox would fill up.
                quiet.audit('the outbox is not drained', refusal || 'There is no active Tillbridge settings record.');
                return outbox.due(ROWS).filter(({ state }) => UPKEEP.includes(state)).map((row) => ({ row }));
            }
            // One fair try in each run, even if the last one failed.
            breaker.close();
            const jobs = outbox.due(ROWS).map((row) => ({ row }));
            if (settings.writeStatus && settings.token) {
                const watched = quiet.run('the watched orders could not be found', () => status.watched(WATCHED), []);
                jobs.push(...watched.map((orderId) => ({ orderId })));
            }
            return jobs;
        };

        const aboutOf = (row) => {
            try {
                const { data } = JSON.parse(row.body);
                return { accountId: data.account_id, createdFrom: data.created_from };
            } catch {
                return null;
            }
        };

        const deliver = (settings, row) => {
            const told = aboutOf(row);
            const here = accountSettings.canonical(runtime.accountId);
            if (!told || accountSettings.canonical(told.accountId) !== here) {
                // A sandbox is a copy of production, with what waited in its outbox.
                const where = (told && told.accountId) || 'unknown';
                outbox.block(settings, row.id, `Written in the account ${where}; this is ${here}.`);
                return;
            }
            if (breaker.isOpen()) {
                // Tillbridge is away: leave the rest of the outbox as it is, without counting attempts.
                return;
            }
            const result = post.send(settings, row.eventId, row.body);
            breaker.learn(result);
            const order = announcer.orderOf({ ...row, createdFrom: told.createdFrom });
            outbox.settle(settings, row.id, row.attempts, result, announcer.follows(settings, order));
        };

        const follow = (settings, row) => {
            const told = aboutOf(row);
            const orderId = told && announcer.orderOf({ ...row, createdFrom: told.createdFrom });
            if (!orderId || !announcer.follows(settings, orderId)) {
                outbox.finish(settings, row.id);
                return;
            }
            const { order, error } = status.lookUp(settings, orderId);
            const late = clock.seconds() - row.sent > FOLLOW_SECONDS;
            if (order && !orders.isBusy(order)) {
                status.write(settings, orderId, order, true);
                outbox.finish(settings, row.id);
            } else if (late || (!order && !error)) {
                outbox.finish(settings, row.id, error || 'Tillbridge gave no verdict.');
            } else {
                outbox.postpone(row.id);
            }
        };

        const watch = (settings, orderId) => {
            const { order } = status.lookUp(settings, orderId);
            if (order && !orders.isBusy(order)) {
                status.write(settings, orderId, order);
            }
        };

        const WORK = {
            [STATE.PENDING]: deliver,
            [STATE.SENT]: follow,
        };

        const map = (context) => {
            const job = JSON.parse(context.value);
            if (job.row && UPKEEP.includes(job.row.state)) {
                outbox.remove(job.row.id);
                return;
            }
            const { settings } = accountSettings.load();
            if (!settings) {
                return;
            }
            if (job.orderId) {
                watch(settings, job.orderId);
                return;
            }
            const work = WORK[job.row.state];
            if (work) {
                work(settings, job.row);
            }
        };

        const summarize = (summary) => {
            summary.mapSummary.errors.iterator().each((key, problem) => {
                quiet.error(`outbox job ${key} failed`, problem);
                return true;
            });
            deadSearch.ensure();
            quiet.audit('the outbox was drained', `${summary.usage} units in ${summary.seconds} s`);
        };

        return { getInputData, map, summarize };
    },
);
