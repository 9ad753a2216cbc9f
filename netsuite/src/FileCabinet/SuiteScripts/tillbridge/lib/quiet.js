/**
 * Runs work that must never reach the person who saves a record: an exception in a user event is shown to them, or
 * stops the save. A log that fails is no exception.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define(['N/log'], (log) => {
    /** What an error says, without its stack; SuiteScript errors carry a name beside the message. */
    const message = (error) => {
        if (error === null || error === undefined) {
            return 'unknown error';
        }
        const name = error.name && error.name !== 'Error' ? `${error.name}: ` : '';
        return `${name}${error.message || String(error)}`;
    };

    const write = (level, title, details) => {
        try {
            log[level]({ title: `Tillbridge: ${title}`, details });
        } catch {
            // Nowhere left to tell.
        }
    };

    const audit = (title, details) => write('audit', title, details);
    const error = (title, details) => write('error', title, details);

    /**
     * Runs `work`; whatever it throws is logged under `title` and becomes `fallback`.
     */
    const run = (title, work, fallback) => {
        try {
            return work();
        } catch (problem) {
            error(title, message(problem));
            return fallback;
        }
    };

    return { run, message, audit, error };
});
