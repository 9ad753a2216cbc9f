/**
 * The time, apart from the rest so that tests can hold it.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define([], () => {
    /** Milliseconds since 1970. */
    const now = () => Date.now();

    /** Whole seconds since 1970, as Standard Webhooks and the outbox count. */
    const seconds = () => Math.floor(now() / 1000);

    /** RFC 3339 in UTC to the second. */
    const iso = (milliseconds) => new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');

    /**
     * Waits. SuiteScript has no sleep, so this burns the script's own time: only the suitelet uses it, for a person who
     * waits for an answer, and never for more than a few seconds in all.
     */
    const pause = (milliseconds) => {
        const end = now() + milliseconds;
        while (now() < end) {
            // nothing to do until then
        }
    };

    return { now, seconds, iso, pause };
});
