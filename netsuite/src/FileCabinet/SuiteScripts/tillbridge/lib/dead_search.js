/**
 * The saved search that shows the events nobody could deliver. SDF takes a saved search only as NetSuite itself exported
 * it (its definition is encoded), so the drain makes it where it is absent.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define(['N/search', './names', './outbox', './quiet'], (search, names, outbox, quiet) => {
    const { OUTBOX, SEARCH } = names;

    const exists = () => {
        try {
            return Boolean(search.load({ id: SEARCH.DEAD }));
        } catch {
            return false;
        }
    };

    const create = (isPublic) =>
        search
            .create({
                type: OUTBOX.TYPE,
                id: SEARCH.DEAD,
                title: 'Tillbridge: events that could not be sent',
                isPublic,
                filters: [
                    [OUTBOX.STATE, 'is', outbox.STATE.DEAD], 'OR', [OUTBOX.STATE, 'is', outbox.STATE.BLOCKED],
                ],
                columns: [
                    search.createColumn({ name: 'created', sort: search.Sort.DESC }),
                    OUTBOX.STATE, OUTBOX.EVENT, OUTBOX.RECORD_TYPE, OUTBOX.RECORD_ID,
                    OUTBOX.ATTEMPTS, OUTBOX.HTTP_STATUS, OUTBOX.ERROR, OUTBOX.EVENT_ID,
                ],
            })
            .save();

    /** Makes the search unless it is there; private where this role may not publish searches. 5 to 15 units. */
    const ensure = () =>
        quiet.run('the saved search of dead events could not be made', () => {
            if (exists()) {
                return;
            }
            try {
                create(true);
            } catch (problem) {
                quiet.audit('the saved search is made private', quiet.message(problem));
                create(false);
            }
        });

    return { ensure };
});
