/**
 * What REST web services cannot tell, on request: the account's capabilities, or with `record_type` and `record_id` the
 * tax of a transaction on an account with legacy tax, which REST does not show. The answer is signed as events are, so
 * that it can be kept and believed later.
 *
 * Units, of 5,000: 12 settings, 20 capabilities or 10 for a transaction.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 * @NScriptType Restlet
 */
define(
    [
        'N/error', 'N/record', 'N/runtime', './lib/capabilities', './lib/clock', './lib/payload', './lib/settings',
        './lib/signing',
    ],
    (error, record, runtime, capabilities, clock, payload, accountSettings, signing) => {
        const TYPES = ['salesorder', 'invoice', 'cashsale'];
        const BODY_FIELDS = ['tranid', 'subtotal', 'discounttotal', 'taxtotal', 'tax2total', 'shippingcost', 'total'];
        const LINE_FIELDS = ['line', 'item', 'amount', 'grossamt', 'taxcode', 'taxrate1', 'taxrate2', 'tax1amt'];

        const refuse = (message) => error.create({ name: 'TILLBRIDGE_REQUEST', message, notifyOff: true });

        const plain = (value) => (value === undefined || value === '' ? null : value);

        const tax = (type, id) => {
            const found = record.load({ type, id });
            const lines = [];
            for (let line = 0; line < found.getLineCount({ sublistId: 'item' }); line += 1) {
                const values = {};
                LINE_FIELDS.forEach((fieldId) => {
                    values[fieldId] = plain(found.getSublistValue({ sublistId: 'item', fieldId, line }));
                });
                lines.push(values);
            }
            const body = {};
            BODY_FIELDS.forEach((fieldId) => {
                body[fieldId] = plain(found.getValue({ fieldId }));
            });
            return { ...body, lines };
        };

        const answerTo = (params) => {
            if (!params.record_type && !params.record_id) {
                const about = {
                    recordType: 'account', recordId: accountSettings.canonical(runtime.accountId), event: 'capabilities',
                };
                return { about, extra: { capabilities: capabilities.read() } };
            }
            if (!TYPES.includes(params.record_type) || !/^[1-9]\d{0,18}$/.test(String(params.record_id))) {
                throw refuse(`record_type must be one of ${TYPES.join(', ')}, and record_id an internal id.`);
            }
            const about = { recordType: params.record_type, recordId: params.record_id, event: 'tax' };
            return { about, extra: { tax: tax(params.record_type, params.record_id) } };
        };

        const get = (params) => {
            const { settings, refusal } = accountSettings.load();
            if (!settings) {
                throw refuse(refusal || 'There is no active Tillbridge settings record.');
            }
            const { about, extra } = answerTo(params);
            const body = payload.body(about, extra);
            const id = payload.eventId(about);
            const timestamp = clock.seconds();
            return {
                'webhook-id': id,
                'webhook-timestamp': String(timestamp),
                'webhook-signature': signing.signature(settings.secrets, id, timestamp, body),
                body,
            };
        };

        return { get };
    },
);
