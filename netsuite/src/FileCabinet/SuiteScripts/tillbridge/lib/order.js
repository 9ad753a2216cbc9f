/**
 * Reads an order as Tillbridge's API tells it.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define([], () => {
    /** Tillbridge still works on it: no verdict to show yet. */
    const isBusy = (order) => order.state === 'due' || order.state === 'working';

    /** Its story is over until something changes. */
    const isSettled = (order) => order.state === 'settled';

    /** The verdict's word, without the reason that some versions put in brackets. */
    const verdict = (order) => String(order.verdict || order.state || '').split('(')[0];

    /** People's word for the sale's status (`AWAITING_PICKUP`), or state and attributes where there is none. */
    const saleStatus = (order) => {
        const sale = order.x_series || {};
        return String(sale.status || [sale.state].concat(sale.attributes || []).filter(Boolean).join(', '));
    };

    /** Why, in a sentence with its stable word. */
    const because = (order) => {
        const said = order.detail || order.reason || 'No reason was given.';
        return order.detail && order.reason ? `${said} (${order.reason})` : said;
    };

    /** What stands in the way; empty where all is well. */
    const problem = (order) =>
        (order.state === 'held' || ['held', 'failed'].includes(verdict(order)) ? because(order) : '');

    return { isBusy, isSettled, verdict, saleStatus, because, problem };
});
