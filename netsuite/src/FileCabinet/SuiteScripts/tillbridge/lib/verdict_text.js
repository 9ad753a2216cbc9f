/**
 * The answer of the button, in words for people. `severity` is a key of N/ui/message's Type.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define(['./order'], (orders) => {
    const order = (tranId) => tranId || 'The order';

    const answer = (severity, title, message, more = {}) => ({ pending: false, severity, title, message, ...more });

    const inStatus = (found) => {
        const status = orders.saleStatus(found);
        return status ? ` (${status})` : '';
    };

    const WORDS = {
        synced: (found, tranId) =>
            answer('CONFIRMATION', 'In step', `${order(tranId)} and its sale are in step${inStatus(found)}.`),
        waiting: (found, tranId) =>
            answer('CONFIRMATION', 'Sent', `${order(tranId)} is in X-Series${inStatus(found)}, to be completed there.`),
        ignored: (found, tranId) => answer('INFORMATION', 'Not sent', `${order(tranId)} was not sent. ${orders.because(found)}`),
        held: (found, tranId) => answer('WARNING', 'Held', `${order(tranId)} is held. ${orders.because(found)}`),
        failed: (found, tranId) => answer('ERROR', 'Failed', `${order(tranId)} could not be sent. ${orders.because(found)}`),
    };

    /** What Tillbridge decided. A state without a verdict, or a word that is not known, is shown as it is. */
    const of = (found, tranId, link) => {
        const word = orders.verdict(found);
        const words = WORDS[word] || (found.state === 'held' ? WORDS.held : null);
        const said = words
            ? words(found, tranId)
            : answer('INFORMATION', 'Tillbridge', `${order(tranId)}: ${word || 'no verdict'}. ${orders.because(found)}`);
        return {
            ...said,
            link,
            order: {
                state: found.state || null,
                verdict: found.verdict || null,
                reason: found.reason || null,
                detail: found.detail || null,
                sale_status: orders.saleStatus(found) || null,
            },
        };
    };

    /** Taken, and no verdict yet: the browser asks again. */
    const pending = (tranId, error) =>
        answer('INFORMATION', 'Sent', `Tillbridge works on ${tranId || 'the order'}. ${error}`.trim(), { pending: true });

    /** Taken, and nobody may ask for the verdict: no API token is set up. */
    const blind = (tranId) =>
        answer('INFORMATION', 'Sent', `Tillbridge was told of ${tranId || 'the order'}. Its console shows what came of it.`);

    /** Not taken; it waits in the outbox. */
    const notSent = (tranId, error) =>
        answer('WARNING', 'Not sent yet',
            `${order(tranId)} waits in the outbox and is tried again. ${error}`.trim());

    /** Nothing was done. */
    const wrong = (message) => answer('ERROR', 'Not sent', message);

    return { of, pending, blind, notSent, wrong };
});
