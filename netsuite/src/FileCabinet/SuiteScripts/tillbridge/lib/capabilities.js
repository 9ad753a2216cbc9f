/**
 * What this account can do: preferences and features that decide how an order may be fulfilled and billed, and how many
 * requests it takes at once. REST web services do not show the preferences, so they are told from here.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define(['N/config', 'N/https', 'N/runtime', './quiet'], (config, https, runtime, quiet) => {
    // The Accounting Preferences page, and the ids of its fields.
    const PAGE = 'accountingpreferences';
    const PREFERENCES = [
        'DEFSALESORDSTATUS', 'REAPPROVESOONEDIT', 'UNSHIPPEDINVOICES', 'FULFILLCOMMITTED', 'DEFAULTUNFULFILLED',
        'AUTOMATICITEMCOMMITMENT', 'DEFAULTSALESORDERLOCATION', 'CONVERTABSOLUTEDISCOUNTS', 'DEFAULTPERIODIFCLOSED',
        'DATEPERIODMISMATCH', 'LOCMANDATORY', 'DEPTMANDATORY', 'CLASSMANDATORY', 'LOCSPERLINE',
        'CREATE_DEPOSIT_ON_SALES_ORDER_SALE', 'DUPLICATEWARNINGS',
    ];
    const FEATURES = [
        'SALESORDERS', 'RECEIVABLES', 'ADVSHIPPING', 'ADVRECEIVING', 'PICKPACKSHIP', 'MULTILOCINVT', 'LOCATIONS',
        'DEPARTMENTS', 'CLASSES', 'SUBSIDIARIES', 'INVENTORY', 'SERIALIZEDINVENTORY', 'LOTNUMBEREDINVENTORY',
        'BINMANAGEMENT', 'ADVBINSERIALLOTMGMT', 'KITSASSEMBLIES', 'MULTICURRENCY', 'RETURNAUTHS', 'TAX_OVERHAULING',
        'RESTWEBSERVICES',
    ];
    const LIMITS_URL = '/services/rest/system/v1/governanceLimits';

    /** One preference as plain JSON; absent ones are left out, as not every account has every preference. */
    const preferences = () =>
        quiet.run('the accounting preferences could not be read', () => {
            const page = config.load({ type: PAGE });
            return PREFERENCES.reduce((found, id) => {
                const value = quiet.run(`the preference ${id} could not be read`, () => page.getValue({ fieldId: id }), null);
                return value === null || value === undefined || value === '' ? found : { ...found, [id]: value };
            }, {});
        }, null);

    const features = () =>
        FEATURES.reduce((found, feature) => ({
            ...found,
            [feature]: quiet.run(`the feature ${feature} could not be read`, () =>
                Boolean(runtime.isFeatureInEffect({ feature })), null),
        }), {});

    /** Requests at once; only administrators may ask, so null is usual for another role. */
    const concurrency = () => {
        try {
            const response = https.requestSuiteTalkRest({ url: LIMITS_URL, method: https.Method.GET, headers: {} });
            return Number(response.code) === 200 ? JSON.parse(response.body) : null;
        } catch (problem) {
            quiet.audit('the concurrency limits could not be read', quiet.message(problem));
            return null;
        }
    };

    /** 20 units. */
    const read = () => ({
        version: String(runtime.version || ''),
        environment: String(runtime.envType || ''),
        processors: runtime.processorCount || null,
        queues: runtime.queueCount || null,
        preferences: preferences(),
        features: features(),
        concurrency: concurrency(),
    });

    return { read };
});
