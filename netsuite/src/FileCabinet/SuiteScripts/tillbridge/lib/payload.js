/**
 * What Tillbridge is told: an envelope with ids. The record itself is never sent; Tillbridge reads it afresh.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define(['N/runtime', './clock', './settings'], (runtime, clock, settings) => {
    /**
     * The event's id, the same on every attempt, so that a repeated attempt is known as one. No `.`: it separates the
     * parts of what is signed.
     */
    const eventId = ({ recordType, recordId, event }) => {
        const unique = `${clock.now().toString(36)}${Math.random().toString(36).slice(2, 10)}`;
        return `ns_${recordType}_${recordId}_${event}_${unique}`.replace(/[^A-Za-z0-9_-]/g, '-');
    };

    // Plain ASCII, so that the bytes that are signed are the bytes that arrive, whatever character set is assumed.
    const ascii = (json) =>
        json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

    const text = (value) => (value === null || value === undefined || value === '' ? null : String(value));

    const userId = () => {
        const user = runtime.getCurrentUser();
        return text(user && user.id);
    };

    /**
     * The body of an event.
     *
     * @param {Object} about
     * @param {string} about.recordType `salesorder`, `itemfulfillment`, `invoice`, `cashsale`; `account` for reports
     * @param {string|number} about.recordId internal id
     * @param {string} about.event as SuiteScript names it: `create`, `edit`, `xedit`, …; `send` for the button
     * @param {string|null} [about.tranId] the number that people use
     * @param {string|number|null} [about.createdFrom] the sales order of a fulfilment, invoice or cash sale
     * @param {string|null} [about.lastModified] RFC 3339
     * @param {Object} [extra] more members of `data`
     * @returns {string} JSON in ASCII
     */
    const body = (about, extra = {}) =>
        ascii(JSON.stringify({
            type: `${about.recordType}.${about.event}`,
            timestamp: clock.iso(clock.now()),
            data: {
                account_id: settings.canonical(runtime.accountId),
                record_type: about.recordType,
                record_id: String(about.recordId),
                tran_id: text(about.tranId),
                event: about.event,
                execution_context: text(runtime.executionContext),
                user_id: userId(),
                created_from: text(about.createdFrom),
                last_modified: text(about.lastModified),
                ...extra,
            },
        }));

    return { eventId, body };
});
