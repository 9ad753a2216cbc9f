/**
 * The settings record: one row for each NetSuite account, and only the row that names this very account counts. A
 * sandbox is a copy of production with its rows and scripts; without a row of its own it sends nothing.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define(['N/cache', 'N/runtime', 'N/search', './names', './quiet'], (cache, runtime, search, names, quiet) => {
    const { SETTINGS } = names;
    const CACHE_KEY = 'settings';
    // The least that N/cache keeps a value for; so long may an edited settings record take to be noticed.
    const CACHE_SECONDS = 300;
    const KEEP_DAYS = 14;
    // Tillbridge names what it makes `tb-<kind>-<record>-…`.
    const PREFIX = 'tb-';

    const sharedCache = () => cache.getCache({ name: 'tillbridge', scope: cache.Scope.PROTECTED });

    /** `1234567-sb1` and `1234567_SB1` are one account. */
    const canonical = (accountId) => String(accountId || '').trim().toUpperCase().replace(/-/g, '_');

    const isTrue = (value) => value === true || value === 'T' || value === 'true';

    const text = (row, name) => String(row.getValue({ name }) || '').trim();

    const fromRow = (row) => ({
        account: canonical(text(row, SETTINGS.ACCOUNT)),
        url: text(row, SETTINGS.URL).replace(/\/+$/, ''),
        connection: text(row, SETTINGS.CONNECTION),
        secrets: [text(row, SETTINGS.SECRET), text(row, SETTINGS.SECRET_OLD)].filter((id) => id !== ''),
        token: text(row, SETTINGS.TOKEN),
        atOnce: isTrue(row.getValue({ name: SETTINGS.AT_ONCE })),
        tick: isTrue(row.getValue({ name: SETTINGS.TICK })),
        writeStatus: isTrue(row.getValue({ name: SETTINGS.WRITE_STATUS })),
        prefix: text(row, SETTINGS.PREFIX) || PREFIX,
        keepDays: Number(text(row, SETTINGS.KEEP_DAYS)) || KEEP_DAYS,
    });

    /** Reads the active rows. 10 units. */
    const read = () => {
        const columns = Object.keys(SETTINGS).filter((key) => key !== 'TYPE').map((key) => SETTINGS[key]);
        const found = search
            .create({ type: SETTINGS.TYPE, filters: [['isinactive', 'is', 'F']], columns })
            .run()
            .getRange({ start: 0, end: 20 });
        return found.map(fromRow);
    };

    const remember = (rows) =>
        quiet.run('the settings could not be cached', () =>
            sharedCache().put({ key: CACHE_KEY, value: JSON.stringify(rows), ttl: CACHE_SECONDS }));

    const remembered = () =>
        quiet.run('the cached settings could not be read', () => {
            const value = sharedCache().get({ key: CACHE_KEY });
            return value ? JSON.parse(value) : null;
        }, null);

    const missing = (row) =>
        [
            ['the address of Tillbridge', row.url],
            ['the connection', row.connection],
            ['the API secret', row.secrets.length > 0],
        ].filter(([, present]) => !present).map(([name]) => name);

    /**
     * What is set up for this account: `settings` to work by, or why nothing may be sent (`refusal`). Both are null
     * where nobody has set Tillbridge up at all. 1 unit from the cache, 12 when it has to be read.
     *
     * @param {Object} [options]
     * @param {boolean} [options.fresh] read the record even if it is cached
     * @returns {{settings: Object|null, refusal: string|null}}
     */
    const load = (options = {}) => {
        let rows = options.fresh ? null : remembered();
        if (!Array.isArray(rows)) {
            rows = read();
            remember(rows);
        }
        if (rows.length === 0) {
            return { settings: null, refusal: null };
        }
        const here = canonical(runtime.accountId);
        const row = rows.find(({ account }) => account !== '' && account === here);
        if (!row) {
            const others = rows.map(({ account }) => account || '(empty)').join(', ');
            return { settings: null, refusal: `This account is ${here}; the Tillbridge settings are for ${others}.` };
        }
        const absent = missing(row);
        if (absent.length > 0) {
            return { settings: null, refusal: `The Tillbridge settings of ${here} lack ${absent.join(', ')}.` };
        }
        return { settings: row, refusal: null };
    };

    /** Makes the next `load` read the record. */
    const forget = () =>
        quiet.run('the cached settings could not be dropped', () => sharedCache().remove({ key: CACHE_KEY }));

    return { load, forget, canonical, isTrue };
});
