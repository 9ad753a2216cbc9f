/**
 * Tells Tillbridge once a day what this account can do, as a signed event of the type `account.capabilities`. 52 units.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 * @NScriptType ScheduledScript
 */
define(
    ['N/runtime', './lib/announce', './lib/capabilities', './lib/quiet', './lib/settings'],
    (runtime, announcer, capabilities, quiet, accountSettings) => {
        const execute = () => {
            const { settings, refusal } = accountSettings.load({ fresh: true });
            if (!settings) {
                quiet.audit('the capabilities are not told', refusal || 'There is no active Tillbridge settings record.');
                return;
            }
            const about = {
                recordType: 'account',
                recordId: accountSettings.canonical(runtime.accountId),
                event: 'capabilities',
            };
            const { sent, error } = announcer.announce(settings, about, {
                atOnce: true,
                extra: { capabilities: capabilities.read() },
            });
            quiet.audit(sent ? 'the capabilities were told' : 'the capabilities wait in the outbox', error);
        };

        return { execute };
    },
);
