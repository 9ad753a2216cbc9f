/**
 * Behind the button "Send to X-Series": POST tells Tillbridge of the order and answers with its verdict; GET looks the
 * verdict up again. Both speak JSON.
 *
 * Units, of 1,000: 12 settings, 1 + 10 order, 20 outbox and post, 5 looks of 10 at most, 11 for the subtab: 104 at most.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 * @NScriptType Suitelet
 */
define(
    [
        'N/record', 'N/search', './lib/announce', './lib/clock', './lib/names', './lib/order', './lib/quiet',
        './lib/settings', './lib/status', './lib/verdict_text',
    ],
    (record, search, announcer, clock, names, orders, quiet, accountSettings, status, verdictText) => {
        const { FIELD } = names;
        const ORDER = 'salesorder';
        const LOOKS = 5;
        const BETWEEN_LOOKS = 900;
        const PATIENCE = 5000;

        const number = (orderId) => {
            const { tranid } = search.lookupFields({ type: ORDER, id: orderId, columns: ['tranid'] });
            return tranid || null;
        };

        /** Ticks the box that mappings ask for. With a stamp, so that the user event does not tell of it a second time. */
        const tick = (orderId) =>
            record.submitFields({
                type: ORDER,
                id: orderId,
                values: { [FIELD.SEND]: true, [FIELD.STAMP]: status.stamp() },
                options: { enableSourcing: false, ignoreMandatoryFields: true },
            });

        /** One look, and the subtab brought up to date once there is a verdict. */
        const look = (settings, orderId, tranId) => {
            const { order, error } = status.lookUp(settings, orderId);
            if (!order || orders.isBusy(order)) {
                return verdictText.pending(tranId, error);
            }
            if (settings.writeStatus) {
                quiet.run('the status could not be written to the order', () =>
                    status.write(settings, orderId, order, true));
            }
            return verdictText.of(order, tranId, status.link(settings, orderId));
        };

        /** Looks for some seconds; then the browser goes on asking. */
        const wait = (settings, orderId, tranId) => {
            const end = clock.now() + PATIENCE;
            let answer = look(settings, orderId, tranId);
            for (let looks = 1; answer.pending && looks < LOOKS && clock.now() + BETWEEN_LOOKS < end; looks += 1) {
                clock.pause(BETWEEN_LOOKS);
                answer = look(settings, orderId, tranId);
            }
            return answer;
        };

        const send = (settings, orderId) => {
            const tranId = number(orderId);
            if (settings.tick) {
                quiet.run('the box could not be ticked', () => tick(orderId));
            }
            const about = { recordType: ORDER, recordId: orderId, tranId, event: 'send' };
            const { sent, error } = announcer.announce(settings, about, { atOnce: true });
            if (!sent) {
                return verdictText.notSent(tranId, error);
            }
            return settings.token ? wait(settings, orderId, tranId) : verdictText.blind(tranId);
        };

        const wantedOrder = (request) => {
            const given = request.method === 'POST' ? JSON.parse(request.body || '{}') : request.parameters || {};
            return /^[1-9]\d{0,18}$/.test(String(given.order)) ? String(given.order) : null;
        };

        // A form on another site cannot send JSON without asking first, so it cannot press the button for somebody.
        const isJson = (request) => {
            const headers = request.headers || {};
            const key = Object.keys(headers).find((name) => name.toLowerCase() === 'content-type');
            return Boolean(key) && String(headers[key]).toLowerCase().includes('application/json');
        };

        const answer = (request) => {
            if (request.method === 'POST' && !isJson(request)) {
                return verdictText.wrong('The request must be JSON.');
            }
            const orderId = wantedOrder(request);
            if (!orderId) {
                return verdictText.wrong('No sales order was named.');
            }
            const { settings, refusal } = accountSettings.load({ fresh: request.method === 'POST' });
            if (!settings) {
                return verdictText.wrong(refusal || 'There is no active Tillbridge settings record.');
            }
            if (request.method === 'POST') {
                return send(settings, orderId);
            }
            return settings.token ? look(settings, orderId, number(orderId)) : verdictText.blind(number(orderId));
        };

        const onRequest = ({ request, response }) => {
            let said;
            try {
                said = answer(request);
            } catch (problem) {
                quiet.error('the button could not be answered', quiet.message(problem));
                said = verdictText.wrong(quiet.message(problem));
            }
            response.setHeader({ name: 'Content-Type', value: 'application/json; charset=utf-8' });
            response.write({ output: JSON.stringify(said) });
        };

        return { onRequest };
    },
);
