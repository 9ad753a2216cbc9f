const crypto = require('node:crypto');
const { account, fail, outbox, posts, stubs, KEY } = require('./support/account');
const report = require('SuiteScripts/tillbridge/ss_capabilities');
const restlet = require('SuiteScripts/tillbridge/rl_account_facts');
const settingsCheck = require('SuiteScripts/tillbridge/ue_settings');

const LIMITS = { accountConcurrencyLimit: 5, accountUnallocatedConcurrencyLimit: 3, integrationLimitType: 'accountLimit' };

const withConfig = (options = {}) => {
    const world = account({
        units: 10000,
        executionContext: 'SCHEDULED',
        transport: ({ url }) => (url.startsWith('/services')
            ? { code: 200, headers: {}, body: JSON.stringify(LIMITS) }
            : { code: 202, headers: {}, body: '{}' }),
        ...options,
    });
    const preferences = { REAPPROVESOONEDIT: true, FULFILLCOMMITTED: 'LIMITTOCOMMITTED', UNSHIPPEDINVOICES: false };
    world.put('config', preferences, 'accountingpreferences');
    world.put('config', { ADVSHIPPING: true, SALESORDERS: true }, 'features');
    return world;
};

describe('the daily report', () => {
    test('tells preferences, features and concurrency as a signed event', () => {
        const world = withConfig();
        report.execute();
        const request = posts(world)[0];
        const body = JSON.parse(request.body);
        expect(body).toMatchObject({
            type: 'account.capabilities',
            data: {
                account_id: '1234567_SB1', record_type: 'account', record_id: '1234567_SB1', event: 'capabilities',
                tran_id: null, created_from: null,
                capabilities: {
                    preferences: { REAPPROVESOONEDIT: true, FULFILLCOMMITTED: 'LIMITTOCOMMITTED', UNSHIPPEDINVOICES: false },
                    concurrency: LIMITS,
                    version: '2026.2',
                },
            },
        });
        expect(body.data.capabilities.features).toMatchObject({ ADVSHIPPING: true, SUBSIDIARIES: false });
        expect(request.headers['webhook-signature']).toMatch(/^v1,/);
        expect(world.used).toBeLessThanOrEqual(52);
    });

    test('fits a text area of the outbox, and waits there when Tillbridge is away', () => {
        const world = withConfig({ transport: () => { throw fail('SSS_REQUEST_TIME_EXCEEDED', 'no'); } });
        report.execute();
        expect(outbox(world)[0]).toMatchObject({ state: 'pending', event: 'account.capabilities' });
        expect(outbox(world)[0].body.length).toBeLessThan(4000);
    });

    test('is told without what this role may not read', () => {
        const world = withConfig();
        stubs['N/config'].load.mockImplementation(() => { throw fail('INSUFFICIENT_PERMISSION', 'no'); });
        stubs['N/https'].requestSuiteTalkRest.mockImplementation(() => { throw fail('INSUFFICIENT_PERMISSION', 'no'); });
        report.execute();
        expect(JSON.parse(posts(world)[0].body).data.capabilities).toMatchObject({ preferences: null, concurrency: null });
    });

    test('is not told from another account', () => {
        const world = withConfig({ accountId: '1234567' });
        report.execute();
        expect(world.requests).toHaveLength(0);
    });
});

describe('the RESTlet', () => {
    const isSigned = (answer) => {
        const hmac = crypto.createHmac('sha256', Buffer.from(KEY, 'base64'));
        hmac.update(`${answer['webhook-id']}.${answer['webhook-timestamp']}.${answer.body}`);
        return answer['webhook-signature'] === `v1,${hmac.digest('base64')}`;
    };

    test('tells the capabilities, signed as events are', () => {
        withConfig();
        const answer = restlet.get({});
        expect(isSigned(answer)).toBe(true);
        expect(JSON.parse(answer.body).data.capabilities.preferences).toHaveProperty('FULFILLCOMMITTED');
    });

    test('tells the legacy tax of a transaction, signed', () => {
        const world = withConfig();
        world.put('salesorder', {
            tranid: 'SO1043', total: 115, taxtotal: 15, subtotal: 100,
            item: [{ line: 1, item: '55', amount: 100, taxcode: '11', taxrate1: 15, tax1amt: 15 }],
        }, '766');
        const answer = restlet.get({ record_type: 'salesorder', record_id: '766' });
        expect(isSigned(answer)).toBe(true);
        expect(JSON.parse(answer.body)).toMatchObject({
            type: 'salesorder.tax',
            data: { record_id: '766', tax: { taxtotal: 15, total: 115, lines: [{ line: 1, taxcode: '11', grossamt: null }] } },
        });
    });

    test.each([
        { record_type: 'employee', record_id: '1' }, { record_type: 'salesorder' }, { record_type: 'salesorder', record_id: 'x' },
    ])('refuses %j', (params) => {
        withConfig();
        expect(() => restlet.get(params)).toThrow('record_type must be one of');
    });

    test('refuses another account', () => {
        withConfig({ accountId: '1234567' });
        expect(() => restlet.get({})).toThrow('This account is 1234567');
    });
});

describe('the settings record', () => {
    const GOOD = {
        custrecord_tillbridge_set_account: '1234567_SB1',
        custrecord_tillbridge_set_url: 'https://sync.example.com',
        custrecord_tillbridge_set_connection: 'acme-nz',
        custrecord_tillbridge_set_secret: 'custsecret_tillbridge_signing',
    };
    const check = (values, type = 'edit') => {
        const world = account({ settings: null });
        settingsCheck.beforeSubmit({ type, newRecord: world.instance('customrecord_tillbridge_settings', '1', values) });
    };

    test('is saved when it is complete', () => {
        expect(() => check(GOOD)).not.toThrow();
    });

    test.each([
        ['account', '', 'Account ID is missing'],
        ['account', 'https://1234567.app.netsuite.com', 'Account ID must be'],
        ['url', 'http://sync.example.com', 'Tillbridge address must be'],
        ['url', 'sync.example.com', 'Tillbridge address must be'],
        ['connection', 'acme nz', 'Connection must be'],
        ['secret', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'Signing secret must be the script id'],
        ['secret_old', 'old', 'Previous signing secret must be'],
        ['token', 'tb_secret', 'API token secret must be'],
    ])('tells of a wrong %s: %s', (field, value, words) => {
        expect(() => check({ ...GOOD, [`custrecord_tillbridge_set_${field}`]: value })).toThrow(words);
    });

    test('can be deleted', () => {
        expect(() => check({}, 'delete')).not.toThrow();
    });

    test('is taken up at once after a change', () => {
        const world = account();
        world.cache.set('settings', '[]');
        settingsCheck.afterSubmit();
        expect(world.cache.has('settings')).toBe(false);
    });
});
