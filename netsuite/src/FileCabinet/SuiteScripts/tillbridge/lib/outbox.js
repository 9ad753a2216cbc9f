/**
 * The outbox: every event is written down before it is sent, so that none is lost when Tillbridge or the network is away.
 *
 *     pending --accepted--> sent --verdict looked up--> done --kept some days--> deleted
 *        |                    \--nothing to look up-----^
 *        \--refused or given up on--> dead     (stays until a person sets it to pending again or deletes it)
 *     blocked: written in an account that the settings are not for; never sent, deleted after some days
 *
 * The transaction is held as text, not as a reference: a reference would keep people from deleting it. Times are whole
 * seconds since 1970, as a search can compare them without a time zone.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define(['N/record', 'N/search', './clock', './names'], (record, search, clock, names) => {
    const { OUTBOX } = names;
    const STATE = Object.freeze({ PENDING: 'pending', SENT: 'sent', DONE: 'done', DEAD: 'dead', BLOCKED: 'blocked' });
    const MINUTE = 60;
    const DAY = 24 * 60 * MINUTE;
    const MAX_ATTEMPTS = 12;
    const LONGEST_WAIT = 12 * 60 * MINUTE;
    // A text area holds 4,000 characters.
    const ERROR_LENGTH = 900;
    const PAGE = 1000;

    /** Seconds to wait after the nth failed attempt: the next drain, then 15 minutes, doubling up to 12 hours. */
    const backoff = (attempts) =>
        (attempts <= 1 ? MINUTE : Math.min(15 * MINUTE * 2 ** (attempts - 2), LONGEST_WAIT));

    /**
     * Writes an event down. 6 units.
     *
     * @param {Object} event `id`, `about` (as of the payload), `body`
     * @param {Object} [how] `state`, `wait` in seconds until the drain takes it, `error`
     * @returns {number} the row's internal id
     */
    const add = (event, how = {}) => {
        const row = record.create({ type: OUTBOX.TYPE });
        const values = {
            name: event.id,
            [OUTBOX.EVENT_ID]: event.id,
            [OUTBOX.EVENT]: `${event.about.recordType}.${event.about.event}`,
            [OUTBOX.RECORD_TYPE]: event.about.recordType,
            [OUTBOX.RECORD_ID]: String(event.about.recordId),
            [OUTBOX.BODY]: event.body,
            [OUTBOX.STATE]: how.state || STATE.PENDING,
            [OUTBOX.ATTEMPTS]: 0,
            [OUTBOX.DUE]: clock.seconds() + (how.wait || 0),
            [OUTBOX.ERROR]: (how.error || '').slice(0, ERROR_LENGTH),
        };
        Object.keys(values).forEach((fieldId) => row.setValue({ fieldId, value: values[fieldId] }));
        return row.save();
    };

    /** 2 units. */
    const update = (id, values) => record.submitFields({ type: OUTBOX.TYPE, id, values });

    /** The values of a row after an attempt; pure. */
    const afterAttempt = (settings, attemptsBefore, result, follow, now) => {
        const attempts = attemptsBefore + 1;
        const common = { [OUTBOX.ATTEMPTS]: attempts, [OUTBOX.HTTP_STATUS]: String(result.code || '') };
        if (result.ok) {
            return {
                ...common,
                [OUTBOX.STATE]: follow ? STATE.SENT : STATE.DONE,
                [OUTBOX.DUE]: now + (follow ? MINUTE : settings.keepDays * DAY),
                [OUTBOX.SENT]: now,
                [OUTBOX.ERROR]: '',
            };
        }
        // Sending it again cannot make it smaller; everything else may be put right: a secret, a role, a network.
        const hopeless = result.code === 413 || attempts >= MAX_ATTEMPTS;
        return {
            ...common,
            [OUTBOX.STATE]: hopeless ? STATE.DEAD : STATE.PENDING,
            [OUTBOX.DUE]: now + Math.max(backoff(attempts), result.retryAfter || 0),
            [OUTBOX.ERROR]: result.error.slice(0, ERROR_LENGTH),
        };
    };

    /** Notes what became of an attempt. 2 units. */
    const settle = (settings, id, attemptsBefore, result, follow) =>
        update(id, afterAttempt(settings, attemptsBefore, result, follow, clock.seconds()));

    /** The verdict is known, or is not to be known: kept for some days. 2 units. */
    const finish = (settings, id, error = '') =>
        update(id, {
            [OUTBOX.STATE]: STATE.DONE,
            [OUTBOX.DUE]: clock.seconds() + settings.keepDays * DAY,
            [OUTBOX.ERROR]: error.slice(0, ERROR_LENGTH),
        });

    /** Asked again at the next drain. 2 units. */
    const postpone = (id) => update(id, { [OUTBOX.DUE]: clock.seconds() + MINUTE });

    /** Never to be sent. 2 units. */
    const block = (settings, id, error) =>
        update(id, {
            [OUTBOX.STATE]: STATE.BLOCKED,
            [OUTBOX.DUE]: clock.seconds() + settings.keepDays * DAY,
            [OUTBOX.ERROR]: error.slice(0, ERROR_LENGTH),
        });

    /** 4 units. */
    const remove = (id) => record.delete({ type: OUTBOX.TYPE, id });

    const fromRow = (row) => ({
        id: row.id,
        eventId: row.getValue({ name: OUTBOX.EVENT_ID }),
        recordType: row.getValue({ name: OUTBOX.RECORD_TYPE }),
        recordId: row.getValue({ name: OUTBOX.RECORD_ID }),
        body: row.getValue({ name: OUTBOX.BODY }),
        state: row.getValue({ name: OUTBOX.STATE }),
        attempts: Number(row.getValue({ name: OUTBOX.ATTEMPTS })) || 0,
        sent: Number(row.getValue({ name: OUTBOX.SENT })) || 0,
    });

    /** The rows whose time has come, dead ones apart, oldest first. 10 units for each thousand. */
    const due = (limit) => {
        const results = search
            .create({
                type: OUTBOX.TYPE,
                filters: [
                    [OUTBOX.DUE, 'lessthanorequalto', clock.seconds()],
                    'AND',
                    [OUTBOX.STATE, 'isnot', STATE.DEAD],
                ],
                columns: [
                    search.createColumn({ name: 'internalid', sort: search.Sort.ASC }),
                    OUTBOX.EVENT_ID, OUTBOX.RECORD_TYPE, OUTBOX.RECORD_ID, OUTBOX.BODY,
                    OUTBOX.STATE, OUTBOX.ATTEMPTS, OUTBOX.SENT,
                ],
            })
            .run();
        const rows = [];
        while (rows.length < limit) {
            const page = results.getRange({ start: rows.length, end: rows.length + PAGE });
            rows.push(...page.map(fromRow));
            if (page.length < PAGE) {
                break;
            }
        }
        return rows.slice(0, limit);
    };

    return { STATE, MAX_ATTEMPTS, add, settle, finish, postpone, block, remove, due, backoff, afterAttempt };
});
