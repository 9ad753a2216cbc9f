/**
 * Reads from a user event what the payload says of a record: ids, never contents.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define(['N/search', './clock', './quiet'], (search, clock, quiet) => {
    const ORDER = 'salesorder';

    const value = (record, fieldId) => {
        const found = record ? record.getValue({ fieldId }) : null;
        return found === undefined || found === '' ? null : found;
    };

    const instant = (found) => {
        if (found === null) {
            return null;
        }
        // A Date in server scripts. Text is in the user's own format: read only where it cannot be mistaken.
        const date = found instanceof Date ? found : new Date(/^\d{4}-\d\d-\d\dT/.test(found) ? found : NaN);
        return Number.isNaN(date.getTime()) ? null : clock.iso(date.getTime());
    };

    /** The sales order of a record that an inline edit does not name it for. 1 unit. */
    const lookUpOrder = (recordType, recordId) =>
        quiet.run('the order of a record could not be looked up', () => {
            const { createdfrom } = search.lookupFields({ type: recordType, id: recordId, columns: ['createdfrom'] });
            const first = Array.isArray(createdfrom) ? createdfrom[0] : createdfrom;
            return (first && (first.value || first)) || null;
        }, null);

    /**
     * @param {Object} context of a user event's afterSubmit
     * @returns {Object} `about` as the payload wants it
     */
    const fromEvent = (context) => {
        const gone = context.type === 'delete';
        const record = gone ? context.oldRecord || context.newRecord : context.newRecord;
        const about = { recordType: record.type, recordId: record.id, event: context.type };
        const isOrder = record.type === ORDER;
        if (context.type === 'xedit') {
            // The new record holds the changed fields only: ids, and Tillbridge reads the rest.
            const known = isOrder ? null : value(context.oldRecord, 'createdfrom');
            return { ...about, createdFrom: isOrder ? null : known || lookUpOrder(record.type, record.id) };
        }
        return {
            ...about,
            tranId: value(record, 'tranid'),
            createdFrom: isOrder ? null : value(record, 'createdfrom'),
            lastModified: instant(value(record, 'lastmodifieddate')),
        };
    };

    return { fromEvent };
});
