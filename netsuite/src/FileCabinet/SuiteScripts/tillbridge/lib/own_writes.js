/**
 * Tells Tillbridge's own writes from everybody else's. By what was written, never by the context alone: other programs
 * use REST web services and scripts too, and their changes matter.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define(['./names'], (names) => {
    const { FIELD } = names;
    const REST = 'RESTWEBSERVICES';

    const value = (record, fieldId) => {
        const found = record ? record.getValue({ fieldId }) : '';
        return found === null || found === undefined ? '' : String(found);
    };

    // Stamps grow with time. A form that was open while we wrote sends the hidden stamp back as it was: older, not ours.
    const restamped = (context) => value(context.newRecord, FIELD.STAMP) > value(context.oldRecord, FIELD.STAMP);

    // With inline edits the new record holds the changed fields only, so an empty value says nothing.
    const changed = (context, fieldId) => {
        const after = value(context.newRecord, fieldId);
        return after !== '' && after !== value(context.oldRecord, fieldId);
    };

    /**
     * Is this save one of ours?
     *
     * - A newer stamp: a script of this project wrote its status.
     * - Over REST, a new sale id: only Tillbridge writes that field, which nobody can edit on the form.
     * - Over REST, a new record whose external id has Tillbridge's prefix: a fulfilment, bill or order it made.
     *
     * A record that people copy brings the fields along, so on creation the fields prove nothing.
     */
    const isOurs = (context, executionContext, prefix) => {
        if (context.type === 'delete' || !context.newRecord) {
            return false;
        }
        if (context.type === 'create') {
            return executionContext === REST && value(context.newRecord, 'externalid').startsWith(prefix);
        }
        return restamped(context) || (executionContext === REST && changed(context, FIELD.SALE_ID));
    };

    return { isOurs };
});
