/**
 * The button "Send to X-Series" on a sales order that is being viewed: sends the order and shows the verdict, asking for
 * some seconds if it is not there at once.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 * @NScriptType ClientScript
 */
define(['N/currentRecord', 'N/https', 'N/ui/message', 'N/url'], (currentRecord, https, message, url) => {
    const SUITELET = 'customscript_tillbridge_sl_send';
    const DEPLOYMENT = 'customdeploy_tillbridge_sl_send';
    const ASK_AGAIN = 1500;
    const ASKS = 10;

    let shown = null;
    let busy = false;

    const show = ({ severity, title, message: text, link }) => {
        if (shown) {
            shown.hide();
        }
        const where = link ? ` Details: ${link}` : '';
        shown = message.create({
            type: message.Type[severity] ?? message.Type.INFORMATION,
            title,
            message: `${text}${where}`.replace(/[<>&]/g, (mark) => `&#${mark.charCodeAt(0)};`),
        });
        shown.show();
    };

    const address = (order) => url.resolveScript({
        scriptId: SUITELET,
        deploymentId: DEPLOYMENT,
        params: order ? { order } : {},
    });

    const read = (response) => JSON.parse(response.body);

    const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

    const askAgain = async (order, answer) => {
        let last = answer;
        for (let asks = 0; last.pending && asks < ASKS; asks += 1) {
            await later(ASK_AGAIN);
            last = read(await https.get.promise({ url: address(order) }));
        }
        return last;
    };

    /** The button's function. */
    const sendToXSeries = async () => {
        if (busy) {
            return;
        }
        busy = true;
        try {
            const order = String(currentRecord.get().id);
            show({ severity: 'INFORMATION', title: 'Sending', message: 'The order is being sent to X-Series.' });
            const answer = read(await https.post.promise({
                url: address(),
                headers: { 'Content-Type': 'application/json' },
                body: JSON.stringify({ order }),
            }));
            show(answer);
            if (answer.pending) {
                show(await askAgain(order, answer));
            }
        } catch (problem) {
            show({ severity: 'ERROR', title: 'Not sent', message: problem.message || String(problem) });
        } finally {
            busy = false;
        }
    };

    // A client script must have one of NetSuite's own entry points; there is nothing to do when the page opens.
    const pageInit = () => {};

    return { pageInit, sendToXSeries };
});
