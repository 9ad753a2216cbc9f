/**
 * Mass update: ticks "Send to X-Series" on each order. The user event of that save writes the event to the outbox, and
 * the drain, asked for once, sends them all. 10 units an order, and 22 once.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 * @NScriptType MassUpdateScript
 */
define(['N/record', './lib/drain_task', './lib/names'], (record, drainTask, names) => {
    const each = (params) => {
        record.submitFields({
            type: params.type,
            id: params.id,
            values: { [names.FIELD.SEND]: true },
            options: { enableSourcing: false, ignoreMandatoryFields: true },
        });
        drainTask.ask();
    };

    return { each };
});
