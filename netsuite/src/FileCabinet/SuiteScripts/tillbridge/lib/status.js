/**
 * Looks up what became of an order in Tillbridge, and writes it to the Lightspeed X-Series subtab of the sales order.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define(
    ['N/format', 'N/https', 'N/record', 'N/search', './clock', './names', './order', './quiet', './settings'],
    (format, https, record, search, clock, names, orders, quiet, accountSettings) => {
        const { FIELD } = names;
        const ORDER = 'salesorder';
        const MULTIPLE_CHOICES = 300;
        const NOT_FOUND = 404;
        // The error field is a text area: 4,000 characters.
        const ERROR_LENGTH = 900;
        const LINK_LENGTH = 999;

        const parse = (text) => {
            try {
                return JSON.parse(text);
            } catch {
                return null;
            }
        };

        const isThisOrder = (settings, orderId) => (order) =>
            Boolean(order) && order.connection === settings.connection
            && Boolean(order.netsuite) && String(order.netsuite.id) === String(orderId);

        /**
         * Asks Tillbridge for one order. The token stays in its API secret: N/https puts it in. Never throws. 10 units.
         *
         * @returns {{order: Object|null, error: string}} no order and no error: Tillbridge has not heard of it
         */
        const lookUp = (settings, orderId) => {
            try {
                const response = https.get({
                    url: `${settings.url}/v1/orders/${encodeURIComponent(String(orderId))}`,
                    headers: {
                        Accept: 'application/json',
                        Authorization: https.createSecureString({ input: `Bearer {${settings.token}}` }),
                    },
                });
                const code = Number(response.code);
                const body = parse(response.body);
                if (code === NOT_FOUND) {
                    return { order: null, error: '' };
                }
                if (code === MULTIPLE_CHOICES && body && Array.isArray(body.items)) {
                    // Another account's order has the same number or id.
                    return { order: body.items.find(isThisOrder(settings, orderId)) || null, error: '' };
                }
                if (code !== 200 || !body) {
                    return { order: null, error: `Tillbridge answered ${code} when asked for the order.` };
                }
                return { order: body, error: '' };
            } catch (problem) {
                return { order: null, error: quiet.message(problem) };
            }
        };

        /** The order in Tillbridge's console; any id of either side finds it. */
        const link = (settings, orderId) =>
            `${settings.url}/?order=${encodeURIComponent(String(orderId))}`.slice(0, LINK_LENGTH);

        /** A stamp, greater than any before: milliseconds as text of one length. The user event knows our write by it. */
        const stamp = () => String(clock.now()).padStart(15, '0');

        const instant = (text) => {
            const date = new Date(text || NaN);
            return Number.isNaN(date.getTime())
                ? '' : format.format({ value: date, type: format.Type.DATETIMETZ });
        };

        const wanted = (settings, orderId, order) => ({
            [FIELD.SALE_ID]: (order.x_series && order.x_series.id) || '',
            [FIELD.SALE_STATUS]: orders.saleStatus(order),
            [FIELD.ERROR]: orders.problem(order).slice(0, ERROR_LENGTH),
            [FIELD.LINK]: link(settings, orderId),
            [FIELD.WATCH]: !orders.isSettled(order),
        });

        const differs = (current, values) =>
            Object.keys(values).some((field) => {
                const now = current[field];
                return typeof values[field] === 'boolean'
                    ? accountSettings.isTrue(now) !== values[field]
                    : String(now || '') !== String(values[field]);
            });

        /**
         * Writes the subtab's fields. Only when they differ, or `always`: each write touches the order, and an order
         * that is touched is read again by whoever watches orders. 1 or 11 units.
         *
         * @returns {boolean} whether it was written
         */
        const write = (settings, orderId, order, always = false) => {
            const values = wanted(settings, orderId, order);
            const current = search.lookupFields({ type: ORDER, id: orderId, columns: Object.keys(values) });
            if (!always && !differs(current, values)) {
                return false;
            }
            record.submitFields({
                type: ORDER,
                id: orderId,
                values: { ...values, [FIELD.LAST_SYNC]: instant(order.updated_at), [FIELD.STAMP]: stamp() },
                options: { enableSourcing: false, ignoreMandatoryFields: true },
            });
            return true;
        };

        /** Orders whose story is not over, the longest unseen first. 10 units. */
        const watched = (limit) =>
            search
                .create({
                    type: search.Type.SALES_ORDER,
                    filters: [[FIELD.WATCH, 'is', 'T'], 'AND', ['mainline', 'is', 'T']],
                    columns: [search.createColumn({ name: FIELD.LAST_SYNC, sort: search.Sort.ASC })],
                })
                .run()
                .getRange({ start: 0, end: limit })
                .map((row) => row.id);

        return { lookUp, link, stamp, write, watched };
    },
);
