/**
 * Tells Tillbridge that a sales order, item fulfilment, invoice or cash sale was saved or deleted, and shows the button
 * on sales orders.
 *
 * Units of afterSubmit, of the 1,000 that a user event has: 21 when the settings are cached and the event is taken
 * (settings 1, outbox 6, breaker 1, post 10, outbox 2, and 1 to look up the order of a bill edited inline); 33 at most
 * (settings read and cached, 12; post failed, 1). Nothing here throws: see lib/quiet.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 * @NScriptType UserEventScript
 */
define(
    [
        'N/runtime', './lib/announce', './lib/describe', './lib/drain_task', './lib/names', './lib/own_writes',
        './lib/quiet', './lib/settings',
    ],
    (runtime, announcer, describe, drainTask, names, ownWrites, quiet, accountSettings) => {
        const { FIELD } = names;
        const ORDER = 'salesorder';
        const REST = 'RESTWEBSERVICES';
        const NO_CHANGE = ['view', 'print', 'email', 'quickview', 'changepassword'];
        // Thousands of saves in a row, and nobody waits for one of them: the outbox takes them all.
        const BULK = ['CSVIMPORT', 'CUSTOMMASSUPDATE'];
        // All that one sale left on an order; another order has nothing to do with it.
        const OF_ONE_SALE = [
            FIELD.SALE_ID, FIELD.SALE_STATUS, FIELD.LAST_SYNC, FIELD.ERROR, FIELD.LINK, FIELD.STAMP, FIELD.WATCH,
        ];

        const clear = (record, fieldIds) =>
            fieldIds.forEach((fieldId) =>
                quiet.run(`the field ${fieldId} could not be cleared`, () =>
                    record.setValue({ fieldId, value: fieldId === FIELD.WATCH || fieldId === FIELD.SEND ? false : '' })));

        const addButton = (context) => {
            const { settings, refusal } = accountSettings.load();
            if (!settings && !refusal) {
                return;
            }
            context.form.clientScriptModulePath = './cs_send_button.js';
            context.form.addButton({
                id: 'custpage_tillbridge_send',
                label: 'Send to X-Series',
                functionName: 'sendToXSeries',
            });
        };

        // The fields belong to sales orders; NetSuite can only put them on all sales transactions. A subtab without
        // visible fields is not shown.
        const hideFields = (context) =>
            Object.values(FIELD).forEach((id) => {
                const field = context.form.getField({ id });
                if (field) {
                    field.updateDisplayType({ displayType: 'HIDDEN' });
                }
            });

        const beforeLoad = (context) =>
            quiet.run('the form could not be prepared', () => {
                const isOrder = context.newRecord.type === ORDER;
                if (isOrder && context.type === 'copy') {
                    clear(context.newRecord, [...OF_ONE_SALE, FIELD.SEND]);
                }
                if (!context.form || runtime.executionContext !== 'USERINTERFACE') {
                    return;
                }
                if (!isOrder) {
                    hideFields(context);
                } else if (context.type === 'view') {
                    addButton(context);
                }
            });

        const beforeSubmit = (context) =>
            quiet.run('a new record could not be cleared', () => {
                // A new record may be a copy, or a bill made from an order. Over REST, Tillbridge may set them itself.
                if (context.type === 'create' && runtime.executionContext !== REST) {
                    const copied = OF_ONE_SALE.filter((fieldId) => context.newRecord.getValue({ fieldId }));
                    clear(context.newRecord, copied);
                }
            });

        const afterSubmit = (context) =>
            quiet.run('an event could not be told', () => {
                if (NO_CHANGE.includes(context.type)) {
                    return;
                }
                const { settings, refusal } = accountSettings.load();
                if (refusal) {
                    announcer.refuse(describe.fromEvent(context), refusal);
                    return;
                }
                if (!settings) {
                    quiet.audit('nothing is sent', 'There is no active Tillbridge settings record.');
                    return;
                }
                if (ownWrites.isOurs(context, runtime.executionContext, settings.prefix)) {
                    return;
                }
                const bulk = BULK.includes(runtime.executionContext);
                announcer.announce(settings, describe.fromEvent(context), { atOnce: settings.atOnce && !bulk });
                if (bulk) {
                    drainTask.ask();
                }
            });

        return { beforeLoad, beforeSubmit, afterSubmit };
    },
);
