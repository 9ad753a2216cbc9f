const { account, fail, outbox, posts, orderEvent, stubs, NOW } = require('./support/account');
const userEvent = require('SuiteScripts/tillbridge/ue_order_events');

const ORDER = { tranid: 'SO1043', lastmodifieddate: new Date('2026-11-23T01:02:02.345Z') };

const save = (world, overrides) => userEvent.afterSubmit(orderEvent(world, { values: ORDER, ...overrides }));

describe('what is told', () => {
    test('the body of an edited order is the one that Tillbridge reads', () => {
        const world = account();
        save(world);
        expect(JSON.parse(posts(world)[0].body)).toEqual({
            type: 'salesorder.edit',
            timestamp: '2026-11-23T01:02:03Z',
            data: {
                account_id: '1234567_SB1',
                record_type: 'salesorder',
                record_id: '766',
                tran_id: 'SO1043',
                event: 'edit',
                execution_context: 'USERINTERFACE',
                user_id: '12',
                created_from: null,
                last_modified: '2026-11-23T01:02:02Z',
            },
        });
        expect(posts(world)[0].url).toBe('https://sync.example.com/webhooks/netsuite/acme-nz');
    });

    test.each(['create', 'edit', 'approve', 'cancel', 'reject', 'dropship', 'specialorder', 'orderitems'])(
        'a sales order is told of on %s',
        (type) => {
            const world = account();
            save(world, { type });
            expect(JSON.parse(posts(world)[0].body)).toMatchObject({ type: `salesorder.${type}`, data: { event: type } });
        },
    );

    test.each([['itemfulfillment', 'pack'], ['itemfulfillment', 'ship'], ['invoice', 'create'], ['cashsale', 'edit']])(
        'a saved %s (%s) names the sales order it was made from',
        (record, type) => {
            const world = account();
            save(world, { record, type, id: '901', values: { tranid: 'X1', createdfrom: 766 } });
            expect(JSON.parse(posts(world)[0].body)).toMatchObject({
                type: `${record}.${type}`,
                data: { record_type: record, record_id: '901', created_from: '766', tran_id: 'X1' },
            });
        },
    );

    test('an inline edit sends ids only', () => {
        const world = account();
        save(world, { type: 'xedit', values: { memo: 'changed' }, oldValues: ORDER });
        expect(JSON.parse(posts(world)[0].body).data).toMatchObject({
            record_id: '766', event: 'xedit', tran_id: null, created_from: null, last_modified: null,
        });
    });

    test('an inline edit of a bill finds its order, from the old record or by looking it up', () => {
        const world = account();
        save(world, { record: 'invoice', id: '901', type: 'xedit', values: { memo: 'x' }, oldValues: { createdfrom: '766' } });
        world.put('invoice', { createdfrom: [{ value: '767', text: 'Sales Order #SO2' }] }, '902');
        userEvent.afterSubmit({
            type: 'xedit', newRecord: world.instance('invoice', '902', { memo: 'x' }), oldRecord: undefined,
        });
        expect(posts(world).map(({ body }) => JSON.parse(body).data.created_from)).toEqual(['766', '767']);
    });

    test('a deleted record is told of from what it was', () => {
        const world = account();
        const was = { tranid: 'INV9', createdfrom: '766' };
        save(world, { record: 'invoice', id: '901', type: 'delete', values: {}, oldValues: was });
        expect(JSON.parse(posts(world)[0].body).data).toMatchObject({
            record_id: '901', event: 'delete', tran_id: 'INV9', created_from: '766',
        });
        expect(stubs['N/record'].load).not.toHaveBeenCalled();
    });

    test.each(['view', 'print', 'email', 'quickview'])('%s changes nothing and is not told', (type) => {
        const world = account();
        save(world, { type });
        expect(world.requests).toHaveLength(0);
        expect(outbox(world)).toHaveLength(0);
    });

    test('the body is ASCII, so that its bytes do not depend on a character set', () => {
        const world = account();
        save(world, { values: { tranid: 'SO-Māori-€' } });
        const { body } = posts(world)[0];
        expect(body).toMatch(/^[\x20-\x7e]*$/);
        expect(JSON.parse(body).data.tran_id).toBe('SO-Māori-€');
    });

    test('two saves in the same millisecond are two events', () => {
        const world = account();
        save(world);
        save(world);
        const ids = posts(world).map(({ headers }) => headers['webhook-id']);
        expect(new Set(ids).size).toBe(2);
        ids.forEach((id) => expect(id).toMatch(/^[A-Za-z0-9_-]+$/));
    });
});

describe('every execution context', () => {
    const ANSWERED_AT_ONCE = [
        'USERINTERFACE', 'WEBSTORE', 'WEBSERVICES', 'RESTWEBSERVICES', 'RESTLET', 'SUITELET', 'SCHEDULED', 'MAPREDUCE',
        'WORKFLOW', 'ACTION', 'PAYMENTGATEWAY', 'USEREVENT', 'OTHER',
    ];

    test.each(ANSWERED_AT_ONCE)('%s is sent at once', (executionContext) => {
        const world = account({ executionContext });
        save(world);
        expect(posts(world)).toHaveLength(1);
        expect(JSON.parse(posts(world)[0].body).data.execution_context).toBe(executionContext);
    });

    test.each(['CSVIMPORT', 'CUSTOMMASSUPDATE'])('%s waits, and the drain is asked for once', (executionContext) => {
        const world = account({ executionContext });
        save(world);
        save(world, { id: '767' });
        expect(posts(world)).toHaveLength(0);
        expect(outbox(world).map(({ state, due }) => [state, due])).toEqual([
            ['pending', NOW / 1000], ['pending', NOW / 1000],
        ]);
        expect(world.tasks).toEqual([{ taskType: 'MAP_REDUCE', scriptId: 'customscript_tillbridge_mr_drain' }]);
    });

    test('a drain that cannot be asked for is left to its schedule', () => {
        const world = account({ executionContext: 'CSVIMPORT' });
        stubs['N/task'].create.mockImplementation(() => { throw fail('INSUFFICIENT_PERMISSION', 'no'); });
        expect(() => save(world)).not.toThrow();
        expect(outbox(world)).toHaveLength(1);
    });
});

describe('our own writes', () => {
    const stamped = { ...ORDER, custbody_tillbridge_stamp: '002' };

    test.each(['SUITELET', 'MAPREDUCE', 'USERINTERFACE'])('a new stamp is ours in %s', (executionContext) => {
        const world = account({ executionContext });
        save(world, { values: stamped, oldValues: { ...ORDER, custbody_tillbridge_stamp: '001' } });
        save(world, { type: 'xedit', values: { custbody_tillbridge_stamp: '002' }, oldValues: ORDER });
        expect(world.requests).toHaveLength(0);
        expect(outbox(world)).toHaveLength(0);
    });

    test('an old stamp on a later edit is not ours', () => {
        const world = account();
        save(world, { values: stamped, oldValues: stamped });
        expect(posts(world)).toHaveLength(1);
    });

    test('a form that was open while we wrote sends an older stamp back, and is told', () => {
        const world = account();
        save(world, { values: { ...ORDER, custbody_tillbridge_stamp: '001' }, oldValues: stamped });
        expect(posts(world)).toHaveLength(1);
    });

    test('REST alone is not ours: other programs write over REST too', () => {
        const world = account({ executionContext: 'RESTWEBSERVICES' });
        save(world, { values: { ...ORDER, memo: 'theirs', custbody_tillbridge_sale_id: 's1' },
            oldValues: { ...ORDER, custbody_tillbridge_sale_id: 's1' } });
        expect(posts(world)).toHaveLength(1);
    });

    test('the sale id that Tillbridge writes over REST is ours', () => {
        const world = account({ executionContext: 'RESTWEBSERVICES' });
        save(world, { values: { ...ORDER, custbody_tillbridge_sale_id: 's1' }, oldValues: ORDER });
        expect(world.requests).toHaveLength(0);
    });

    test('a sale id that comes by another way is told', () => {
        const world = account({ executionContext: 'CSVIMPORT' });
        save(world, { values: { ...ORDER, custbody_tillbridge_sale_id: 's1' }, oldValues: ORDER });
        expect(outbox(world)).toHaveLength(1);
    });

    test('a bill that Tillbridge made is ours by its external id, and only over REST', () => {
        const values = { createdfrom: '766', externalid: 'tb-inv-766-1-0a1b2c3d' };
        const ours = account({ executionContext: 'RESTWEBSERVICES' });
        save(ours, { record: 'invoice', type: 'create', values });
        expect(ours.requests).toHaveLength(0);
        const theirs = account({ executionContext: 'RESTWEBSERVICES' });
        save(theirs, { record: 'invoice', type: 'create', values: { ...values, externalid: 'other-1' } });
        expect(posts(theirs)).toHaveLength(1);
        const imported = account({ executionContext: 'USERINTERFACE' });
        save(imported, { record: 'invoice', type: 'create', values });
        expect(posts(imported)).toHaveLength(1);
    });

    test('a copied order is told although the stamp came along', () => {
        const world = account();
        save(world, { type: 'create', values: stamped });
        expect(posts(world)).toHaveLength(1);
    });
});

describe('the outbox and the attempt', () => {
    test('the event is written down before it is sent', () => {
        let waiting;
        const world = account({
            transport: () => {
                waiting = outbox(world);
                return { code: 202, headers: {}, body: '{}' };
            },
        });
        save(world);
        expect(waiting).toEqual([expect.objectContaining({ state: 'pending', attempts: 0, due: NOW / 1000 + 120 })]);
        expect(outbox(world)).toEqual([
            expect.objectContaining({ state: 'sent', attempts: 1, http_status: '202', sent: NOW / 1000, record_id: '766' }),
        ]);
    });

    test('what was sent is what the outbox holds', () => {
        const world = account();
        save(world);
        const [row] = outbox(world);
        expect(row.body).toBe(posts(world)[0].body);
        expect(row.event_id).toBe(posts(world)[0].headers['webhook-id']);
    });

    test('a time-out leaves the event in the outbox', () => {
        const world = account({
            transport: () => { throw fail('SSS_REQUEST_TIME_EXCEEDED', 'The host you requested is unavailable.'); },
        });
        expect(() => save(world)).not.toThrow();
        expect(outbox(world)).toEqual([expect.objectContaining({
            state: 'pending', attempts: 1, due: NOW / 1000 + 60,
            error: 'SSS_REQUEST_TIME_EXCEEDED: The host you requested is unavailable.',
        })]);
    });

    test.each([400, 401, 404, 429, 500, 503])('HTTP %d leaves the event in the outbox', (code) => {
        const world = account({ transport: () => ({ code, headers: {}, body: 'why' }) });
        save(world);
        expect(outbox(world)[0]).toMatchObject({ state: 'pending', http_status: String(code), error: `HTTP ${code} why` });
    });

    test('a body that is too large is dead at once', () => {
        const world = account({ transport: () => ({ code: 413, headers: {}, body: '' }) });
        save(world);
        expect(outbox(world)[0].state).toBe('dead');
    });

    test('Retry-After is heeded', () => {
        const world = account({ transport: () => ({ code: 503, headers: { 'Retry-After': '900' }, body: '' }) });
        save(world);
        expect(outbox(world)[0].due).toBe(NOW / 1000 + 900);
    });

    test('after one failure no further save waits for Tillbridge', () => {
        const world = account({ transport: () => { throw fail('SSS_REQUEST_TIME_EXCEEDED', 'no'); } });
        save(world);
        save(world, { id: '767' });
        save(world, { id: '768' });
        expect(world.requests).toHaveLength(1);
        expect(outbox(world)).toHaveLength(3);
        expect(stubs['N/cache'].getCache).toHaveBeenCalledWith({ name: 'tillbridge', scope: 'PROTECTED' });
    });

    test('a slow answer opens the breaker too', () => {
        const world = account({
            transport: () => {
                world.now += 4000;
                return { code: 202, headers: {}, body: '{}' };
            },
        });
        save(world);
        save(world, { id: '767' });
        expect(world.requests).toHaveLength(1);
        expect(outbox(world).map(({ state }) => state)).toEqual(['sent', 'pending']);
    });

    test('with "Send at Once" unticked everything waits for the drain', () => {
        const world = account({ settings: { custrecord_tillbridge_set_at_once: false } });
        save(world);
        expect(world.requests).toHaveLength(0);
        expect(outbox(world)[0].state).toBe('pending');
    });

    test('without a token there is no verdict to look up', () => {
        const world = account({ settings: { custrecord_tillbridge_set_token: '' } });
        save(world);
        expect(outbox(world)[0]).toMatchObject({ state: 'done', due: NOW / 1000 + 14 * 24 * 3600 });
    });
});

describe('governance', () => {
    test('a save costs 20 units once the settings are cached, and 31 before', () => {
        const world = account();
        save(world);
        expect(world.used).toBe(31);
        world.used = 0;
        save(world, { id: '767' });
        expect(world.used).toBe(20);
    });

    test('the worst save costs 33 units', () => {
        const world = account({ transport: () => ({ code: 500, headers: {}, body: '' }) });
        userEvent.afterSubmit({
            type: 'xedit', newRecord: world.instance('invoice', '902', { memo: 'x' }), oldRecord: undefined,
        });
        expect(world.used).toBe(33);
    });

    test('with few units left nothing is sent, and the outbox has it', () => {
        const world = account({ units: 110 });
        save(world);
        expect(world.requests).toHaveLength(0);
        expect(outbox(world)).toHaveLength(1);
    });

    test('without units nothing is thrown', () => {
        const world = account({ units: 0 });
        expect(() => save(world)).not.toThrow();
    });
});

describe('which account it is', () => {
    test.each([
        ['a sandbox with the settings of production', '1234567_SB1', '1234567'],
        ['production with the settings of a sandbox', '1234567', '1234567_SB1'],
        ['a release preview', '1234567_RP', '1234567'],
    ])('%s sends nothing, and the outbox says why', (_, accountId, custrecord_tillbridge_set_account) => {
        const world = account({ accountId, settings: { custrecord_tillbridge_set_account } });
        save(world);
        expect(world.requests).toHaveLength(0);
        expect(outbox(world)).toEqual([expect.objectContaining({
            state: 'blocked',
            error: `This account is ${accountId}; the Tillbridge settings are for ${custrecord_tillbridge_set_account}.`,
        })]);
    });

    test('the id of the host name is the same account', () => {
        const world = account({ settings: { custrecord_tillbridge_set_account: ' 1234567-sb1 ' } });
        save(world);
        expect(posts(world)).toHaveLength(1);
    });

    test('with a record for each account, each uses its own', () => {
        const world = account({ settings: { custrecord_tillbridge_set_account: '1234567' } });
        world.put('customrecord_tillbridge_settings', {
            ...world.rows('customrecord_tillbridge_settings')[0],
            custrecord_tillbridge_set_account: '1234567_SB1',
            custrecord_tillbridge_set_connection: 'acme-sandbox',
        });
        save(world);
        expect(posts(world)[0].url).toMatch(/acme-sandbox$/);
    });

    test('settings that lack something send nothing and say what', () => {
        const world = account({ settings: { custrecord_tillbridge_set_secret: '', custrecord_tillbridge_set_url: '' } });
        save(world);
        expect(outbox(world)[0]).toMatchObject({
            state: 'blocked',
            error: 'The Tillbridge settings of 1234567_SB1 lack the address of Tillbridge, the API secret.',
        });
    });

    test('where nobody set Tillbridge up, nothing happens', () => {
        const world = account({ settings: null });
        save(world);
        expect(world.requests).toHaveLength(0);
        expect(outbox(world)).toHaveLength(0);
    });

    test('an inactive record does not count', () => {
        const world = account({ settings: { isinactive: 'T' } });
        save(world);
        expect(outbox(world)).toHaveLength(0);
    });
});

describe('whatever fails, the save goes on', () => {
    const MODULES = {
        'N/cache': 'getCache', 'N/crypto': 'createHmac', 'N/https': 'post', 'N/record': 'create', 'N/search': 'create',
        'N/runtime': 'getCurrentUser', 'N/log': 'error',
    };

    test.each(Object.entries(MODULES))('%s fails', (name, member) => {
        const world = account();
        stubs[name][member].mockImplementation(() => { throw fail('UNEXPECTED_ERROR', 'An unexpected error occurred.'); });
        expect(() => save(world)).not.toThrow();
    });

    test('everything fails, the log as well', () => {
        const world = account();
        Object.entries(MODULES).forEach(([name, member]) =>
            stubs[name][member].mockImplementation(() => { throw fail('UNEXPECTED_ERROR', 'no'); }));
        stubs['N/log'].audit.mockImplementation(() => { throw new Error('no'); });
        const context = orderEvent(world, { values: ORDER });
        expect(() => userEvent.afterSubmit(context)).not.toThrow();
        expect(() => userEvent.beforeSubmit(context)).not.toThrow();
        expect(() => userEvent.beforeLoad({ ...context, type: 'view', form: {} })).not.toThrow();
    });

    test('a context that makes no sense is survived', () => {
        account();
        expect(() => userEvent.afterSubmit({ type: 'edit' })).not.toThrow();
        expect(() => userEvent.beforeLoad({ type: 'view' })).not.toThrow();
        expect(() => userEvent.beforeSubmit({ type: 'create' })).not.toThrow();
    });

    test('an outbox that cannot be written does not keep the event from leaving', () => {
        const world = account();
        stubs['N/record'].create.mockImplementation(() => { throw fail('INSUFFICIENT_PERMISSION', 'no'); });
        save(world);
        expect(posts(world)).toHaveLength(1);
    });

    test('a cache that does not answer does not keep the event from leaving', () => {
        const world = account();
        stubs['N/cache'].getCache.mockImplementation(() => { throw new Error('no cache'); });
        save(world);
        expect(posts(world)).toHaveLength(1);
    });
});

describe('the form', () => {
    const form = () => {
        const fields = {};
        return {
            fields,
            addButton: jest.fn(),
            getField: ({ id }) => (fields[id] = fields[id] || { updateDisplayType: jest.fn() }),
        };
    };
    const open = (world, type, record = 'salesorder', values = {}) => {
        const context = { type, form: form(), newRecord: world.instance(record, '766', values) };
        userEvent.beforeLoad(context);
        return context;
    };

    test('a sales order that is viewed has the button', () => {
        const { form: shown } = open(account(), 'view');
        expect(shown.clientScriptModulePath).toBe('./cs_send_button.js');
        expect(shown.addButton).toHaveBeenCalledWith({
            id: 'custpage_tillbridge_send', label: 'Send to X-Series', functionName: 'sendToXSeries',
        });
    });

    test.each(['create', 'edit', 'copy'])('not while it is entered (%s)', (type) => {
        expect(open(account(), type).form.addButton).not.toHaveBeenCalled();
    });

    test('not where Tillbridge is not set up, and not outside the user interface', () => {
        expect(open(account({ settings: null }), 'view').form.addButton).not.toHaveBeenCalled();
        expect(open(account({ executionContext: 'SUITELET' }), 'view').form.addButton).not.toHaveBeenCalled();
    });

    test('an invoice hides the subtab', () => {
        const { form: shown } = open(account(), 'view', 'invoice');
        expect(shown.addButton).not.toHaveBeenCalled();
        expect(Object.keys(shown.fields)).toHaveLength(8);
        Object.values(shown.fields).forEach((field) =>
            expect(field.updateDisplayType).toHaveBeenCalledWith({ displayType: 'HIDDEN' }));
    });

    test('a copied order starts without the sale of the first', () => {
        const { newRecord } = open(account(), 'copy', 'salesorder', {
            custbody_tillbridge_send: true, custbody_tillbridge_sale_id: 's1', custbody_tillbridge_watch: true, memo: 'm',
        });
        expect(newRecord.getValue('custbody_tillbridge_send')).toBe(false);
        expect(newRecord.getValue('custbody_tillbridge_sale_id')).toBe('');
        expect(newRecord.getValue('custbody_tillbridge_watch')).toBe(false);
        expect(newRecord.getValue('memo')).toBe('m');
    });

    test('a bill made from an order loses the sale, and keeps it when Tillbridge makes it', () => {
        const values = { custbody_tillbridge_sale_id: 's1', custbody_tillbridge_send: true };
        const byHand = account();
        const bill = byHand.instance('invoice', null, values);
        userEvent.beforeSubmit({ type: 'create', newRecord: bill });
        expect(bill.getValue('custbody_tillbridge_sale_id')).toBe('');
        expect(bill.getValue('custbody_tillbridge_send')).toBe(true);
        const byTillbridge = account({ executionContext: 'RESTWEBSERVICES' });
        const order = byTillbridge.instance('salesorder', null, values);
        userEvent.beforeSubmit({ type: 'create', newRecord: order });
        expect(order.getValue('custbody_tillbridge_sale_id')).toBe('s1');
    });
});
