/**
 * An account in memory behind Oracle's own stubs: a script under test gets the N/ modules of
 * @oracle/suitecloud-unit-testing, and a call to a method that those do not have fails the test.
 */
const { World, fail } = require('../../tools/netsuite-world');

// What SuiteScript has and Oracle's stubs lack.
const GAPS = { 'N/https': ['requestSuiteTalkRest'] };

const stubs = {
    'N/cache': require('N/cache'),
    'N/config': require('N/config'),
    'N/crypto': require('N/crypto'),
    'N/encode': require('N/encode'),
    'N/error': require('N/error'),
    'N/format': require('N/format'),
    'N/https': require('N/https'),
    'N/log': require('N/log'),
    'N/record': require('N/record'),
    'N/runtime': require('N/runtime'),
    'N/search': require('N/search'),
    'N/task': require('N/task'),
};

const KEY = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OLD_KEY = 'cmVhbGx5IG9sZCBzaWduaW5nIGtleSBvZiBvdXJz';
const NOW = Date.parse('2026-11-23T01:02:03Z');

const SETTINGS = {
    custrecord_tillbridge_set_account: '1234567_SB1',
    custrecord_tillbridge_set_url: 'https://sync.example.com/',
    custrecord_tillbridge_set_connection: 'acme-nz',
    custrecord_tillbridge_set_secret: 'custsecret_tillbridge_signing',
    custrecord_tillbridge_set_secret_old: '',
    custrecord_tillbridge_set_token: 'custsecret_tillbridge_token',
    custrecord_tillbridge_set_at_once: true,
    custrecord_tillbridge_set_tick: true,
    custrecord_tillbridge_set_write_status: true,
    custrecord_tillbridge_set_prefix: '',
    custrecord_tillbridge_set_keep_days: '',
};

/** Puts the account's behaviour into Oracle's stubs. */
const install = (world) => {
    Object.entries(world.modules).forEach(([name, module]) => {
        const stub = stubs[name];
        Object.keys(module).forEach((member) => {
            if (typeof module[member] !== 'function') {
                return;
            }
            if (typeof stub[member] !== 'function') {
                if (!(GAPS[name] || []).includes(member)) {
                    throw new Error(`${name} of @oracle/suitecloud-unit-testing has no ${member}.`);
                }
                stub[member] = () => undefined;
            }
            jest.spyOn(stub, member).mockImplementation(module[member]);
        });
    });
    ['accountId', 'executionContext', 'version', 'envType', 'processorCount', 'queueCount'].forEach((member) => {
        Object.defineProperty(stubs['N/runtime'], member, {
            configurable: true,
            get: () => world.modules['N/runtime'][member],
        });
    });
};

/**
 * A set-up account at a standing clock.
 *
 * @param {Object} [options] as of World, and `settings` (members to change; null: none)
 */
const account = (options = {}) => {
    jest.restoreAllMocks();
    const world = new World({
        secrets: {
            custsecret_tillbridge_signing: KEY,
            custsecret_tillbridge_previous: OLD_KEY,
            custsecret_tillbridge_token: 'viewer-token',
        },
        ...options,
    });
    if (options.settings !== null) {
        world.put('customrecord_tillbridge_settings', { ...SETTINGS, ...options.settings });
    }
    world.now = NOW;
    jest.spyOn(Date, 'now').mockImplementation(() => world.now);
    install(world);
    return world;
};

const outbox = (world) =>
    world.rows('customrecord_tillbridge_outbox').map((row) =>
        Object.fromEntries(Object.entries(row).map(([key, value]) => [key.replace('custrecord_tillbridge_ob_', ''), value])));

const posts = (world) => world.requests.filter(({ request }) => request.method === 'POST').map(({ request }) => request);

const orderEvent = (world, overrides = {}) => {
    const { id = '766', type = 'edit', record = 'salesorder', values = {}, oldValues = values } = overrides;
    world.put(record, values, id);
    return {
        type,
        newRecord: world.instance(record, id, values),
        oldRecord: type === 'create' ? null : world.instance(record, id, oldValues),
        UserEventType: {},
    };
};

module.exports = { account, fail, outbox, posts, orderEvent, stubs, KEY, OLD_KEY, NOW, SETTINGS };
