const { account, fail, outbox, posts, orderEvent, stubs, NOW } = require('./support/account');
const store = require('SuiteScripts/tillbridge/lib/outbox');
const userEvent = require('SuiteScripts/tillbridge/ue_order_events');
const drain = require('SuiteScripts/tillbridge/mr_outbox_drain');

const HOUR = 3600 * 1000;
const DAY = 24 * HOUR;
const SEARCH = 'customsearch_tillbridge_dead';

const run = () => {
    const jobs = drain.getInputData();
    jobs.forEach((job, index) => drain.map({ key: String(index), value: JSON.stringify(job) }));
    return jobs;
};

/** A world whose Tillbridge can be taken away and given back; `order` is what it knows of the order. */
const withService = (options = {}) => {
    const service = { up: true, order: null };
    const world = account({
        units: 10000,
        ...options,
        transport: ({ method, url }) => {
            if (!service.up) {
                throw fail('SSS_REQUEST_TIME_EXCEEDED', 'The host you requested is unavailable.');
            }
            if (method === 'POST') {
                return { code: 202, headers: {}, body: '{"event_id":"e","duplicate":false}' };
            }
            if (url.endsWith('/v1/orders/766') && service.order) {
                return { code: 200, headers: {}, body: JSON.stringify(service.order) };
            }
            return { code: 404, headers: {}, body: '{"status":404}' };
        },
    });
    return { world, service };
};

const save = (world, overrides) => userEvent.afterSubmit(orderEvent(world, { values: { tranid: 'SO1043' }, ...overrides }));

describe('what waits', () => {
    test('is sent as soon as Tillbridge is back', () => {
        const { world, service } = withService();
        service.up = false;
        save(world);
        save(world, { id: '767' });
        service.up = true;
        world.now += HOUR;
        run();
        expect(posts(world).slice(1).map(({ body }) => JSON.parse(body).data.record_id)).toEqual(['766', '767']);
        expect(outbox(world).map(({ state }) => state)).toEqual(['sent', 'sent']);
        expect(outbox(world).map(({ attempts }) => attempts)).toEqual([2, 1]);
    });

    test('is left alone while the attempt of its save may still run', () => {
        const { world } = withService();
        world.put('customrecord_tillbridge_outbox', {
            custrecord_tillbridge_ob_state: 'pending', custrecord_tillbridge_ob_due: NOW / 1000 + 120,
        });
        expect(run()).toHaveLength(0);
    });

    test('is tried once in a run while Tillbridge is away, and the rest is not counted as tried', () => {
        const { world, service } = withService({ executionContext: 'CSVIMPORT' });
        service.up = false;
        ['766', '767', '768'].forEach((id) => save(world, { id }));
        world.now += HOUR;
        run();
        expect(world.requests).toHaveLength(1);
        expect(outbox(world).map(({ attempts }) => attempts)).toEqual([1, 0, 0]);
    });

    test('waits longer after each failure, and is dead after twelve', () => {
        const { world, service } = withService({ executionContext: 'CSVIMPORT' });
        service.up = false;
        save(world);
        const waits = [];
        while (outbox(world)[0].state === 'pending') {
            world.now = Math.max(world.now, outbox(world)[0].due * 1000);
            run();
            waits.push(outbox(world)[0].due - Math.floor(world.now / 1000));
        }
        expect(waits.map((seconds) => seconds / 60)).toEqual([1, 15, 30, 60, 120, 240, 480, 720, 720, 720, 720, 720]);
        expect(outbox(world)[0]).toMatchObject({ state: 'dead', attempts: store.MAX_ATTEMPTS });
        world.now += 30 * DAY;
        service.up = true;
        expect(run()).toHaveLength(0);
    });

    test('a dead event that a person sets to pending is sent', () => {
        const { world } = withService();
        save(world);
        Object.assign(world.get('customrecord_tillbridge_outbox', outbox(world)[0].id), {
            custrecord_tillbridge_ob_state: 'pending', custrecord_tillbridge_ob_due: 0,
        });
        run();
        expect(posts(world)).toHaveLength(2);
    });

    test('one map call stays far below its 1,000 units', () => {
        const { world, service } = withService({ executionContext: 'CSVIMPORT' });
        save(world);
        service.order = { state: 'settled', verdict: 'synced', x_series: { id: 's1' } };
        const [job] = drain.getInputData();
        world.used = 0;
        drain.map({ value: JSON.stringify(job) });
        expect(world.used).toBeLessThanOrEqual(15);
    });
});

describe('sandbox and production', () => {
    test('what waited in production is never sent from its copy', () => {
        const { world } = withService({ executionContext: 'CSVIMPORT', accountId: '1234567', settings: {
            custrecord_tillbridge_set_account: '1234567' } });
        save(world);
        world.accountId = '1234567_SB1';
        world.rows('customrecord_tillbridge_settings').forEach(({ id }) => {
            world.get('customrecord_tillbridge_settings', id).custrecord_tillbridge_set_account = '1234567_SB1';
        });
        run();
        expect(world.requests).toHaveLength(0);
        expect(outbox(world)[0]).toMatchObject({
            state: 'blocked', error: 'Written in the account 1234567; this is 1234567_SB1.',
        });
    });

    test('with the settings of another account the outbox is not touched', () => {
        const { world } = withService({ executionContext: 'CSVIMPORT' });
        save(world);
        world.accountId = '1234567_SB2';
        expect(run()).toHaveLength(0);
        expect(outbox(world)[0].state).toBe('pending');
        expect(world.logs.some(({ details }) => details.includes('1234567_SB2'))).toBe(true);
    });

    test('a body that cannot be read is never sent', () => {
        const { world } = withService();
        world.put('customrecord_tillbridge_outbox', {
            custrecord_tillbridge_ob_state: 'pending', custrecord_tillbridge_ob_due: 0, custrecord_tillbridge_ob_body: 'no',
        });
        run();
        expect(world.requests).toHaveLength(0);
        expect(outbox(world)[0].state).toBe('blocked');
    });
});

describe('the subtab', () => {
    const SYNCED = {
        id: 'o1', connection: 'acme-nz', state: 'settled', verdict: 'synced', reason: null, detail: null,
        netsuite: { id: '766' }, x_series: { id: 'sale-1', status: 'CLOSED' }, updated_at: '2026-11-23T01:02:05Z',
    };
    const HELD = {
        ...SYNCED, state: 'held', verdict: 'held', reason: 'item_not_linked', detail: 'Item 1043 has no product.', x_series: {},
    };

    const saved = (order) => {
        const { world, service } = withService();
        save(world);
        service.order = order;
        world.now += HOUR;
        return { world, service };
    };

    test('shows what became of an order that was sent', () => {
        const { world } = saved(SYNCED);
        run();
        expect(world.get('salesorder', '766')).toMatchObject({
            custbody_tillbridge_sale_id: 'sale-1',
            custbody_tillbridge_sale_status: 'CLOSED',
            custbody_tillbridge_error: '',
            custbody_tillbridge_last_sync: '2026-11-23T01:02:05.000Z',
            custbody_tillbridge_link: 'https://sync.example.com/?order=766',
            custbody_tillbridge_watch: false,
        });
        expect(outbox(world)[0].state).toBe('done');
    });

    test('asks with the token from its secret', () => {
        const { world } = saved(SYNCED);
        run();
        const { request } = world.requests.find(({ request: { method } }) => method === 'GET');
        expect(request.headers.Authorization).toBe('Bearer viewer-token');
        expect(stubs['N/https'].createSecureString).toHaveBeenCalledWith({ input: 'Bearer {custsecret_tillbridge_token}' });
    });

    test('shows why an order is held, and looks again until it is not', () => {
        const { world, service } = saved(HELD);
        run();
        expect(world.get('salesorder', '766')).toMatchObject({
            custbody_tillbridge_error: 'Item 1043 has no product. (item_not_linked)', custbody_tillbridge_watch: true,
        });
        service.order = SYNCED;
        run();
        expect(world.get('salesorder', '766')).toMatchObject({
            custbody_tillbridge_error: '', custbody_tillbridge_sale_status: 'CLOSED', custbody_tillbridge_watch: false,
        });
    });

    test('a watched order that did not change is not written again', () => {
        const { world } = saved(HELD);
        run();
        const stamp = world.get('salesorder', '766').custbody_tillbridge_stamp;
        run();
        expect(world.get('salesorder', '766').custbody_tillbridge_stamp).toBe(stamp);
    });

    test('writing it is known as our own', () => {
        const { world } = saved(SYNCED);
        const before = { ...world.get('salesorder', '766') };
        run();
        const after = world.get('salesorder', '766');
        const sent = world.requests.length;
        world.executionContext = 'MAPREDUCE';
        userEvent.afterSubmit({
            type: 'xedit',
            newRecord: world.instance('salesorder', '766', after),
            oldRecord: world.instance('salesorder', '766', before),
        });
        expect(world.requests).toHaveLength(sent);
        expect(outbox(world)).toHaveLength(1);
    });

    test('a verdict that is not there yet is asked for at the next run', () => {
        const { world } = saved({ ...SYNCED, state: 'working', verdict: null });
        run();
        expect(outbox(world)[0]).toMatchObject({ state: 'sent', due: Math.floor(world.now / 1000) + 60 });
        world.now += 7 * HOUR;
        run();
        expect(outbox(world)[0].state).toBe('done');
    });

    test('of two orders with the same number the right one is shown', () => {
        const { world } = withService();
        save(world);
        world.now += HOUR;
        world.transport = () => ({ code: 300, headers: {}, body: JSON.stringify({
            items: [{ ...SYNCED, connection: 'other', x_series: { id: 'wrong' } }, SYNCED],
        }) });
        run();
        expect(world.get('salesorder', '766').custbody_tillbridge_sale_id).toBe('sale-1');
    });

    test('is left alone where orders need approval after each edit', () => {
        const { world, service } = withService({ settings: { custrecord_tillbridge_set_write_status: false } });
        save(world);
        service.order = SYNCED;
        world.now += HOUR;
        run();
        expect(world.get('salesorder', '766').custbody_tillbridge_sale_id).toBeUndefined();
        expect(outbox(world)[0].state).toBe('done');
    });

    test('an answer that cannot be read leaves the order as it is', () => {
        const { world } = withService();
        save(world);
        world.now += HOUR;
        world.transport = () => ({ code: 502, headers: {}, body: '<html>' });
        run();
        expect(world.get('salesorder', '766').custbody_tillbridge_sale_id).toBeUndefined();
        expect(outbox(world)[0].state).toBe('sent');
    });
});

describe('upkeep', () => {
    test('old events are deleted, dead ones are kept', () => {
        const { world } = withService({ settings: { custrecord_tillbridge_set_token: '' } });
        save(world);
        world.put('customrecord_tillbridge_outbox', {
            custrecord_tillbridge_ob_state: 'dead', custrecord_tillbridge_ob_due: 0,
        });
        world.now += 13 * DAY;
        run();
        expect(outbox(world)).toHaveLength(2);
        world.now += 2 * DAY;
        run();
        expect(outbox(world).map(({ state }) => state)).toEqual(['dead']);
    });

    test('a forgotten sandbox does not fill up', () => {
        const { world } = withService({ accountId: '1234567_SB2' });
        save(world);
        world.now += 13 * DAY;
        run();
        expect(outbox(world).map(({ state }) => state)).toEqual(['blocked']);
        world.now += 2 * DAY;
        run();
        expect(outbox(world)).toHaveLength(0);
        expect(world.requests).toHaveLength(0);
    });

    const summary = (errors = []) => ({
        usage: 1, seconds: 1,
        mapSummary: { errors: { iterator: () => ({ each: (visit) => errors.every(([key, error]) => visit(key, error)) }) } },
    });

    test('the saved search of dead events is made once', () => {
        const { world } = withService();
        drain.summarize(summary());
        expect(world.searches.get(SEARCH)).toMatchObject({ isPublic: true, type: 'customrecord_tillbridge_outbox' });
        const first = world.searches.get(SEARCH);
        drain.summarize(summary());
        expect(world.searches.get(SEARCH)).toBe(first);
    });

    test('a role that may not publish makes it private', () => {
        const { world } = withService();
        const create = stubs['N/search'].create.getMockImplementation();
        stubs['N/search'].create.mockImplementation((definition) => {
            const made = create(definition);
            return definition.isPublic ? { ...made, save: () => { throw fail('INSUFFICIENT_PERMISSION', 'no'); } } : made;
        });
        drain.summarize(summary());
        expect(world.searches.get(SEARCH)).toMatchObject({ isPublic: false });
    });

    test('a map call that failed is told in the log', () => {
        const { world } = withService();
        drain.summarize(summary([['0', 'boom']]));
        expect(world.logs.some(({ level, details }) => level === 'error' && details === 'boom')).toBe(true);
    });
});
