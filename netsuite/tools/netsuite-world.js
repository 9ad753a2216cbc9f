/**
 * A NetSuite account in memory: enough of the N/ modules to run this project's scripts under plain Node. The tests put
 * its functions behind Oracle's own stubs; run-user-event.mjs hands them to the scripts directly. It counts governance
 * units as the documentation lists them.
 */
const crypto = require('node:crypto');

const ENCODING = {
    UTF_8: 'UTF_8', BASE_16: 'BASE_16', BASE_32: 'BASE_32', BASE_64: 'BASE_64', BASE_64_URL_SAFE: 'BASE_64_URL_SAFE', HEX: 'HEX',
};
const CUSTOM_RECORD = /^customrecord/;
const BASE_64 = /^[A-Za-z0-9+/]+={0,2}$/;

const fail = (name, message) => Object.assign(new Error(message), { name });

/** Decodes a secret as N/crypto does: `encoding` says how its text is to be read, and hex is the default. */
const decode = (text, encoding = ENCODING.HEX) => {
    if (encoding === ENCODING.BASE_64) {
        if (!BASE_64.test(text)) {
            throw fail('INVALID_ENCODING', 'The secret is not Base64.');
        }
        return Buffer.from(text, 'base64');
    }
    return Buffer.from(text, encoding === ENCODING.UTF_8 ? 'utf8' : 'hex');
};

const matches = (values, [name, operator, operand]) => {
    const value = values[name];
    const asText = value === true ? 'T' : value === false ? 'F' : String(value ?? '');
    switch (operator) {
        case 'is': return asText === String(operand);
        case 'isnot': return asText !== String(operand);
        case 'lessthanorequalto': return value !== undefined && value !== '' && Number(value) <= Number(operand);
        default: throw fail('SSS_INVALID_SRCH_OPERATOR', operator);
    }
};

const holds = (values, filters) => {
    const terms = filters.filter((part) => Array.isArray(part));
    const words = filters.filter((part) => !Array.isArray(part)).map((word) => word.toUpperCase());
    return words.includes('OR') ? terms.some((term) => matches(values, term)) : terms.every((term) => matches(values, term));
};

class World {
    /**
     * @param {Object} [options]
     * @param {string} [options.accountId] `1234567_SB1`
     * @param {Object<string, string>} [options.secrets] API secrets: script id to text
     * @param {Function} [options.transport] takes {method, url, body, headers}, returns {code, headers, body} or throws
     * @param {number} [options.units] what a script may use
     */
    constructor(options = {}) {
        this.accountId = options.accountId || '1234567_SB1';
        this.executionContext = options.executionContext || 'USERINTERFACE';
        this.userId = options.userId || 12;
        this.secrets = options.secrets || {};
        this.transport = options.transport || (() => ({ code: 202, headers: {}, body: '{"event_id":"e1","duplicate":false}' }));
        this.limit = options.units || 1000;
        this.used = 0;
        this.records = new Map();
        this.cache = new Map();
        this.logs = [];
        this.requests = [];
        this.tasks = [];
        this.searches = new Map();
        this.nextId = 1;
        this.modules = this.build();
    }

    spend(units) {
        this.used += units;
        if (this.used > this.limit) {
            throw fail('SSS_USAGE_LIMIT_EXCEEDED', 'Script Execution Usage Limit Exceeded');
        }
    }

    table(type) {
        if (!this.records.has(type)) {
            this.records.set(type, new Map());
        }
        return this.records.get(type);
    }

    /** Puts a record there, without a script. */
    put(type, values, id = this.nextId++) {
        this.table(type).set(String(id), { isinactive: 'F', ...values });
        return id;
    }

    rows(type) {
        return [...this.table(type)].map(([id, values]) => ({ id, ...values }));
    }

    get(type, id) {
        return this.table(type).get(String(id));
    }

    /** A record as scripts see it. */
    instance(type, id, values) {
        const world = this;
        const fields = { ...values };
        return {
            id,
            type,
            getValue: (given) => fields[typeof given === 'string' ? given : given.fieldId],
            setValue: ({ fieldId, value }) => { fields[fieldId] = value; },
            getLineCount: () => (fields.item || []).length,
            getSublistValue: ({ fieldId, line }) => fields.item[line][fieldId],
            save() {
                world.spend(CUSTOM_RECORD.test(type) ? 4 : 20);
                return world.put(type, fields, id || undefined);
            },
        };
    }

    send(method, { url, body, headers = {} }) {
        this.spend(10);
        const plain = {};
        Object.entries(headers).forEach(([name, value]) => {
            plain[name] = value && value.secure ? this.reveal(value.input) : value;
            if (typeof plain[name] !== 'string') {
                throw fail('SSS_INVALID_HEADER', `The header ${name} must be a string.`);
            }
        });
        const request = { method, url, headers: plain, body };
        const entry = { request };
        this.requests.push(entry);
        try {
            entry.answer = this.transport(request);
        } catch (problem) {
            entry.error = `${problem.name}: ${problem.message}`;
            throw problem;
        }
        return entry.answer;
    }

    secret(id) {
        if (!(id in this.secrets)) {
            throw fail('INVALID_SECRET', `There is no API secret ${id} for this script.`);
        }
        return this.secrets[id];
    }

    reveal(text) {
        return text.replace(/\{(custsecret\w+)\}/g, (_, id) => this.secret(id));
    }

    find({ type, filters = [], columns = [] }) {
        const sorted = columns.find((column) => column && column.sort);
        const found = this.rows(type)
            .map((row) => ({ ...row, internalid: Number(row.id) }))
            .filter((row) => holds({ mainline: 'T', ...row }, filters));
        if (sorted) {
            const way = sorted.sort === 'DESC' ? -1 : 1;
            found.sort((a, b) => way * (a[sorted.name] > b[sorted.name] ? 1 : a[sorted.name] < b[sorted.name] ? -1 : 0));
        }
        return found.map((row) => ({ id: row.id, getValue: ({ name }) => row[name] }));
    }

    cacheModule() {
        const shared = {
            get: ({ key, loader }) => {
                this.spend(1);
                if (!this.cache.has(key) && loader) {
                    this.spend(1);
                    this.cache.set(key, loader({ key }));
                }
                return this.cache.has(key) ? this.cache.get(key) : null;
            },
            put: ({ key, value, ttl }) => {
                this.spend(1);
                if (ttl !== undefined && ttl < 300) {
                    throw fail('SSS_INVALID_TTL', 'ttl must be at least 300.');
                }
                this.cache.set(key, value);
            },
            remove: ({ key }) => {
                this.spend(1);
                this.cache.delete(key);
            },
        };
        return { Scope: { PRIVATE: 'PRIVATE', PROTECTED: 'PROTECTED', PUBLIC: 'PUBLIC' }, getCache: () => shared };
    }

    cryptoModule() {
        return {
            HashAlg: { SHA1: 'SHA1', SHA256: 'SHA256', SHA512: 'SHA512', MD5: 'MD5' },
            createSecretKey: ({ secret, encoding }) => ({ secret, bytes: decode(this.secret(secret), encoding) }),
            createHmac: ({ algorithm, key }) => {
                const hmac = crypto.createHmac(algorithm.toLowerCase(), key.bytes);
                return {
                    update: ({ input, inputEncoding = ENCODING.UTF_8 }) => {
                        hmac.update(Buffer.from(input, inputEncoding === ENCODING.UTF_8 ? 'utf8' : 'base64'));
                    },
                    digest: ({ outputEncoding = ENCODING.HEX } = {}) =>
                        hmac.digest(outputEncoding === ENCODING.BASE_64 ? 'base64' : 'hex'),
                };
            },
        };
    }

    httpsModule() {
        return {
            Method: { GET: 'GET', POST: 'POST', PUT: 'PUT', DELETE: 'DELETE', HEAD: 'HEAD' },
            post: (options) => this.send('POST', options),
            get: (options) => this.send('GET', options),
            createSecureString: ({ input }) => ({ secure: true, input }),
            requestSuiteTalkRest: (options) => this.send(options.method || 'GET', options),
        };
    }

    recordModule() {
        const cost = (type, transaction, custom) => this.spend(CUSTOM_RECORD.test(type) ? custom : transaction);
        return {
            create: ({ type }) => {
                cost(type, 10, 2);
                return this.instance(type, null, {});
            },
            load: ({ type, id }) => {
                cost(type, 10, 2);
                if (!this.get(type, id)) {
                    throw fail('RCRD_DSNT_EXIST', 'That record does not exist.');
                }
                return this.instance(type, id, this.get(type, id));
            },
            submitFields: ({ type, id, values }) => {
                cost(type, 10, 2);
                if (!this.get(type, id)) {
                    throw fail('RCRD_DSNT_EXIST', 'That record does not exist.');
                }
                Object.assign(this.get(type, id), values);
                return id;
            },
            delete: ({ type, id }) => {
                cost(type, 20, 4);
                this.table(type).delete(String(id));
                return id;
            },
        };
    }

    searchModule() {
        return {
            Type: { SALES_ORDER: 'salesorder' },
            Sort: { ASC: 'ASC', DESC: 'DESC', NONE: 'NONE' },
            createColumn: (column) => column,
            create: (definition) => ({
                run: () => ({
                    getRange: ({ start, end }) => {
                        this.spend(10);
                        return this.find(definition).slice(start, end);
                    },
                }),
                save: () => {
                    this.spend(5);
                    this.searches.set(definition.id, definition);
                    return this.nextId++;
                },
            }),
            load: ({ id }) => {
                this.spend(5);
                if (!this.searches.has(id)) {
                    throw fail('INVALID_SEARCH', 'That search or mass updates does not exist.');
                }
                return this.searches.get(id);
            },
            lookupFields: ({ type, id, columns }) => {
                this.spend(1);
                const values = this.get(type, id);
                return values ? Object.fromEntries(columns.map((name) => [name, values[name] ?? ''])) : {};
            },
        };
    }

    build() {
        const world = this;
        const note = (level) => ({ title, details }) => world.logs.push({ level, title, details });
        return {
            'N/cache': this.cacheModule(),
            'N/config': {
                Type: { ACCOUNTING_PREFERENCES: 'accountingpreferences' },
                load: ({ type }) => {
                    world.spend(10);
                    return world.instance(type, null, world.get('config', type) || {});
                },
            },
            'N/crypto': this.cryptoModule(),
            'N/encode': { Encoding: ENCODING },
            'N/error': { create: ({ name, message }) => fail(name, message) },
            'N/format': {
                Type: { DATETIMETZ: 'datetimetz' },
                format: ({ value }) => value.toISOString(),
            },
            'N/https': this.httpsModule(),
            'N/log': { debug: note('debug'), audit: note('audit'), error: note('error'), emergency: note('emergency') },
            'N/record': this.recordModule(),
            'N/runtime': {
                get accountId() { return world.accountId; },
                get executionContext() { return world.executionContext; },
                version: '2026.2',
                envType: 'SANDBOX',
                processorCount: 2,
                queueCount: 1,
                getCurrentUser: () => ({ id: world.userId }),
                getCurrentScript: () => ({ getRemainingUsage: () => world.limit - world.used }),
                isFeatureInEffect: ({ feature }) => (world.get('config', 'features') || {})[feature] === true,
            },
            'N/search': this.searchModule(),
            'N/task': {
                TaskType: { MAP_REDUCE: 'MAP_REDUCE' },
                create: (options) => ({
                    submit: () => {
                        world.spend(20);
                        world.tasks.push(options);
                        return 'MAPREDUCETASK_1';
                    },
                }),
            },
        };
    }
}

module.exports = { World, fail };
