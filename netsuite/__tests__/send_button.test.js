const https = require('N/https');
const currentRecord = require('N/currentRecord');
const message = require('N/ui/message');
const url = require('N/url');
const button = require('SuiteScripts/tillbridge/cs_send_button');

const answer = (body) => Promise.resolve({ code: 200, body: JSON.stringify(body) });
const SENT = {
    severity: 'CONFIRMATION', title: 'In step', message: 'SO1 is in step.', pending: false, link: 'https://x/orders/1',
};

let shown;

beforeEach(() => {
    jest.restoreAllMocks();
    jest.useFakeTimers();
    shown = [];
    jest.spyOn(currentRecord, 'get').mockReturnValue({ id: 766 });
    jest.spyOn(url, 'resolveScript').mockImplementation(({ scriptId, params }) =>
        `/app/${scriptId}${params.order ? `?order=${params.order}` : ''}`);
    jest.spyOn(message, 'create').mockImplementation((options) => {
        const one = { ...options, show: () => shown.push(one), hide: jest.fn() };
        return one;
    });
});

afterEach(() => jest.useRealTimers());

test('posts the order as JSON and shows the verdict with its link', async () => {
    jest.spyOn(https.post, 'promise').mockReturnValue(answer(SENT));
    await button.sendToXSeries();
    expect(https.post.promise).toHaveBeenCalledWith({
        url: '/app/customscript_tillbridge_sl_send',
        headers: { 'Content-Type': 'application/json' },
        body: '{"order":"766"}',
    });
    expect(shown.map(({ title }) => title)).toEqual(['Sending', 'In step']);
    expect(shown[0].hide).toHaveBeenCalled();
    expect(shown[1]).toMatchObject({
        type: message.Type.CONFIRMATION, message: 'SO1 is in step. Details: https://x/orders/1',
    });
});

test('asks again until there is a verdict', async () => {
    jest.spyOn(https.post, 'promise').mockReturnValue(answer({ ...SENT, title: 'Sent', pending: true }));
    jest.spyOn(https.get, 'promise')
        .mockReturnValueOnce(answer({ ...SENT, pending: true }))
        .mockReturnValue(answer(SENT));
    const pressed = button.sendToXSeries();
    await jest.advanceTimersByTimeAsync(5000);
    await pressed;
    expect(https.get.promise).toHaveBeenCalledTimes(2);
    expect(https.get.promise).toHaveBeenCalledWith({ url: '/app/customscript_tillbridge_sl_send?order=766' });
    expect(shown.map(({ title }) => title)).toEqual(['Sending', 'Sent', 'In step']);
});

test('stops asking after a while', async () => {
    jest.spyOn(https.post, 'promise').mockReturnValue(answer({ ...SENT, pending: true }));
    jest.spyOn(https.get, 'promise').mockReturnValue(answer({ ...SENT, pending: true }));
    const pressed = button.sendToXSeries();
    await jest.advanceTimersByTimeAsync(60000);
    await pressed;
    expect(https.get.promise).toHaveBeenCalledTimes(10);
});

test('shows what went wrong', async () => {
    jest.spyOn(https.post, 'promise').mockRejectedValue(new Error('You are logged out.'));
    await button.sendToXSeries();
    expect(shown[1]).toMatchObject({ type: message.Type.ERROR, message: 'You are logged out.' });
});

test('a second press while the first is under way does nothing', async () => {
    jest.spyOn(https.post, 'promise').mockReturnValue(answer(SENT));
    await Promise.all([button.sendToXSeries(), button.sendToXSeries()]);
    expect(https.post.promise).toHaveBeenCalledTimes(1);
});

test('words from the order cannot become markup', async () => {
    jest.spyOn(https.post, 'promise').mockReturnValue(answer({ ...SENT, message: '<img src=x onerror=alert(1)>', link: null }));
    await button.sendToXSeries();
    expect(shown[1].message).toBe('&#60;img src=x onerror=alert(1)&#62;');
});

test('has the entry point that NetSuite wants', () => {
    expect(button.pageInit()).toBeUndefined();
});
