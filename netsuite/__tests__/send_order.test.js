const { account, fail, outbox, posts, stubs } = require('./support/account');
const clock = require('SuiteScripts/tillbridge/lib/clock');
const suitelet = require('SuiteScripts/tillbridge/sl_send_order');
const massUpdate = require('SuiteScripts/tillbridge/mu_send_orders');

const ORDER = {
    id: 'o1', connection: 'acme-nz', state: 'settled', verdict: 'synced', reason: null, detail: null,
    netsuite: { id: '766' }, x_series: { id: 'sale-1', status: 'AWAITING_PICKUP' }, updated_at: '2026-11-23T01:02:05Z',
};

/** An account with a sales order; the looks at Tillbridge get `looks` one after the other, then the last for ever. */
const withOrder = (looks, options = {}) => {
    const left = [...looks];
    const world = account({
        executionContext: 'SUITELET',
        ...options,
        transport: ({ method }) => {
            if (method === 'POST') {
                return options.post ? options.post() : { code: 202, headers: {}, body: '{}' };
            }
            const order = left.length > 1 ? left.shift() : left[0];
            return order ? { code: 200, headers: {}, body: JSON.stringify(order) } : { code: 404, headers: {}, body: '{}' };
        },
    });
    world.put('salesorder', { tranid: 'SO1043' }, '766');
    jest.spyOn(clock, 'pause').mockImplementation((milliseconds) => { world.now += milliseconds; });
    return world;
};

const JSON_TYPE = { 'Content-Type': 'application/json' };

const call = (request) => {
    const response = { setHeader: jest.fn(), write: jest.fn() };
    suitelet.onRequest({ request: { headers: JSON_TYPE, parameters: {}, ...request }, response });
    expect(response.setHeader).toHaveBeenCalledWith({ name: 'Content-Type', value: 'application/json; charset=utf-8' });
    return JSON.parse(response.write.mock.calls[0][0].output);
};

const press = () => call({ method: 'POST', body: '{"order":"766"}' });

describe('the button', () => {
    test('sends a signed event and answers with the verdict', () => {
        const world = withOrder([ORDER]);
        expect(press()).toEqual({
            pending: false,
            severity: 'CONFIRMATION',
            title: 'In step',
            message: 'SO1043 and its sale are in step (AWAITING_PICKUP).',
            link: 'https://sync.example.com/?order=766',
            order: { state: 'settled', verdict: 'synced', reason: null, detail: null, sale_status: 'AWAITING_PICKUP' },
        });
        expect(JSON.parse(posts(world)[0].body)).toMatchObject({
            type: 'salesorder.send',
            data: {
                record_type: 'salesorder', record_id: '766', tran_id: 'SO1043', event: 'send', execution_context: 'SUITELET',
            },
        });
        expect(posts(world)[0].headers['webhook-signature']).toMatch(/^v1,/);
        expect(outbox(world)[0].state).toBe('sent');
    });

    test.each([
        [{ state: 'waiting', verdict: 'waiting' }, 'CONFIRMATION',
            'SO1043 is in X-Series (AWAITING_PICKUP), to be completed there.'],
        [{ state: 'settled', verdict: 'ignored', reason: 'no_mapping_matched', detail: 'No mapping matched.' }, 'INFORMATION',
            'SO1043 was not sent. No mapping matched. (no_mapping_matched)'],
        [{ state: 'held', verdict: 'held', reason: 'item_not_linked', detail: 'Item 1043 has no product.' }, 'WARNING',
            'SO1043 is held. Item 1043 has no product. (item_not_linked)'],
        [{ state: 'held', verdict: null, reason: 'attempts' }, 'WARNING', 'SO1043 is held. attempts'],
        [{ state: 'settled', verdict: 'failed', reason: 'malformed' }, 'ERROR', 'SO1043 could not be sent. malformed'],
        [{ state: 'settled', verdict: 'held(no_customer)', detail: 'Nobody.' }, 'WARNING', 'SO1043 is held. Nobody.'],
        [{ state: 'settled', verdict: 'new_word' }, 'INFORMATION', 'SO1043: new_word. No reason was given.'],
    ])('puts %j into words', (order, severity, message) => {
        withOrder([{ ...ORDER, ...order }]);
        expect(press()).toMatchObject({ severity, message, pending: false });
    });

    test('looks some times while Tillbridge works on it', () => {
        const world = withOrder([null, { ...ORDER, state: 'due', verdict: null }, ORDER]);
        expect(press()).toMatchObject({ severity: 'CONFIRMATION' });
        expect(world.requests.filter(({ request }) => request.method === 'GET')).toHaveLength(3);
        expect(clock.pause).toHaveBeenCalledTimes(2);
    });

    test('gives up after five seconds and leaves the asking to the browser', () => {
        const world = withOrder([{ ...ORDER, state: 'working', verdict: null }]);
        const start = world.now;
        expect(press()).toMatchObject({ pending: true, message: 'Tillbridge works on SO1043.' });
        expect(world.now - start).toBeLessThanOrEqual(5000);
        expect(call({ method: 'GET', parameters: { order: '766' } })).toMatchObject({ pending: true });
    });

    test('asking again does not send again', () => {
        const world = withOrder([ORDER]);
        expect(call({ method: 'GET', headers: {}, parameters: { order: '766' } })).toMatchObject({ title: 'In step' });
        expect(posts(world)).toHaveLength(0);
    });

    test('ticks the box with a stamp, so that it is told once', () => {
        const world = withOrder([ORDER]);
        press();
        expect(stubs['N/record'].submitFields).toHaveBeenCalledWith(expect.objectContaining({
            type: 'salesorder',
            id: '766',
            values: { custbody_tillbridge_send: true, custbody_tillbridge_stamp: expect.stringMatching(/.+/) },
        }));
        expect(world.get('salesorder', '766').custbody_tillbridge_send).toBe(true);
    });

    test('leaves the box alone where the settings say so', () => {
        const world = withOrder([ORDER], { settings: { custrecord_tillbridge_set_tick: false } });
        press();
        expect(world.get('salesorder', '766').custbody_tillbridge_send).toBeUndefined();
    });

    test('brings the subtab up to date', () => {
        const world = withOrder([ORDER]);
        press();
        expect(world.get('salesorder', '766')).toMatchObject({
            custbody_tillbridge_sale_status: 'AWAITING_PICKUP', custbody_tillbridge_sale_id: 'sale-1',
        });
    });

    test('says that the order waits when Tillbridge is away', () => {
        const world = withOrder([ORDER], { post: () => { throw fail('SSS_REQUEST_TIME_EXCEEDED', 'Away.'); } });
        expect(press()).toMatchObject({
            severity: 'WARNING', title: 'Not sent yet',
            message: 'SO1043 waits in the outbox and is tried again. SSS_REQUEST_TIME_EXCEEDED: Away.',
        });
        expect(outbox(world)[0].state).toBe('pending');
    });

    test('without a token says where the verdict is', () => {
        withOrder([ORDER], { settings: { custrecord_tillbridge_set_token: '' } });
        expect(press().message).toBe('Tillbridge was told of SO1043. Its console shows what came of it.');
    });

    test('stays below its 1,000 units at the worst', () => {
        const world = withOrder([{ ...ORDER, state: 'working' }]);
        press();
        expect(world.used).toBeLessThanOrEqual(104);
    });
});

describe('what the suitelet refuses', () => {
    test('another account', () => {
        const world = withOrder([ORDER], { accountId: '1234567' });
        expect(press()).toMatchObject({
            severity: 'ERROR', message: 'This account is 1234567; the Tillbridge settings are for 1234567_SB1.',
        });
        expect(world.requests).toHaveLength(0);
        expect(world.get('salesorder', '766').custbody_tillbridge_send).toBeUndefined();
    });

    test('a form that another site sends', () => {
        const world = withOrder([ORDER]);
        expect(call({ method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{"order":"766"}' }))
            .toMatchObject({ severity: 'ERROR' });
        expect(world.requests).toHaveLength(0);
    });

    test.each(['{}', '{"order":"766/../.."}', '{"order":"-1"}', '{"order":["1"', ''])('an order that is none: %s', (body) => {
        const world = withOrder([ORDER]);
        expect(call({ method: 'POST', body })).toMatchObject({ severity: 'ERROR' });
        expect(world.requests).toHaveLength(0);
    });

    test('an account that is not set up', () => {
        withOrder([ORDER], { settings: null });
        expect(press().message).toBe('There is no active Tillbridge settings record.');
    });
});

describe('the mass update', () => {
    test('ticks the box of each order and asks for one drain', () => {
        const world = withOrder([ORDER], { executionContext: 'CUSTOMMASSUPDATE' });
        world.put('salesorder', {}, '767');
        massUpdate.each({ type: 'salesorder', id: '766' });
        massUpdate.each({ type: 'salesorder', id: '767' });
        expect(world.rows('salesorder').map((row) => row.custbody_tillbridge_send)).toEqual([true, true]);
        expect(world.tasks).toHaveLength(1);
    });

    test('an order that cannot be ticked is NetSuite\'s to report', () => {
        withOrder([ORDER]);
        expect(() => massUpdate.each({ type: 'salesorder', id: '999' })).toThrow('does not exist');
    });
});
