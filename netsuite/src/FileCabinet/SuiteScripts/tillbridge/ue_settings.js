/**
 * Checks the settings record as it is saved, so that a slip is told to the person who makes it and not found in the
 * outbox, and makes the scripts take the change up at once.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 * @NScriptType UserEventScript
 */
define(['N/error', './lib/names', './lib/settings'], (error, names, accountSettings) => {
    const { SETTINGS } = names;
    const SECRET_ID = /^custsecret[a-z0-9_]+$/;
    const RULES = [
        [SETTINGS.ACCOUNT, 'Account ID', true, /^[A-Za-z0-9]+([_-][A-Za-z0-9]+)?$/,
            'the id that Setup > Company > Company Information shows, such as 1234567 or 1234567_SB1'],
        [SETTINGS.URL, 'Tillbridge address', true, /^https:\/\/[^\s/?#]+(\/[^\s?#]*)?$/,
            'an address such as https://sync.example.com'],
        [SETTINGS.CONNECTION, 'Connection', true, /^[^\s/?#]+$/, 'the id of the connection in Tillbridge'],
        [SETTINGS.SECRET, 'Signing secret', true, SECRET_ID, 'the script id of an API secret (custsecret…), never the key'],
        [SETTINGS.SECRET_OLD, 'Previous signing secret', false, SECRET_ID, 'the script id of an API secret, or empty'],
        [SETTINGS.TOKEN, 'API token secret', false, SECRET_ID, 'the script id of an API secret, or empty'],
    ];

    const problems = (record) =>
        RULES.map(([fieldId, label, required, pattern, expected]) => {
            const value = String(record.getValue({ fieldId }) || '').trim();
            if (value === '') {
                return required ? `${label} is missing: ${expected}.` : null;
            }
            return pattern.test(value) ? null : `${label} must be ${expected}.`;
        }).filter(Boolean);

    const beforeSubmit = (context) => {
        // An inline edit brings the changed fields only, so it cannot be judged as a whole.
        if (context.type === 'delete' || context.type === 'xedit') {
            return;
        }
        const found = problems(context.newRecord);
        if (found.length > 0) {
            throw error.create({ name: 'TILLBRIDGE_SETTINGS', message: found.join(' '), notifyOff: true });
        }
    };

    const afterSubmit = () => accountSettings.forget();

    return { beforeSubmit, afterSubmit };
});
