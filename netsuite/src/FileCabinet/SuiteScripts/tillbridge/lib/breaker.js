/**
 * Keeps a Tillbridge that is away from slowing down save after save. N/https gives up only after 5 s to connect and
 * 45 s for an answer, and neither can be set; so after one bad attempt nothing is sent from a save for some minutes, and
 * the outbox delivers.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define(['N/cache', './quiet'], (cache, quiet) => {
    const KEY = 'breaker';
    // The least that N/cache keeps a value for.
    const SECONDS = 300;
    // An answer takes well under a second; more than this is felt by the person who saves.
    const SLOW_MILLISECONDS = 3000;

    const sharedCache = () => cache.getCache({ name: 'tillbridge', scope: cache.Scope.PROTECTED });

    /** 1 unit. */
    const isOpen = () => quiet.run('the breaker could not be read', () => Boolean(sharedCache().get({ key: KEY })), false);

    /** 1 unit. */
    const open = (seconds = 0) =>
        quiet.run('the breaker could not be opened', () =>
            sharedCache().put({ key: KEY, value: 'open', ttl: Math.max(SECONDS, seconds) }));

    /** 1 unit. */
    const close = () => quiet.run('the breaker could not be closed', () => sharedCache().remove({ key: KEY }));

    /** Opens after an attempt that failed or was slow. 0 or 1 unit. */
    const learn = (result) => {
        if (!result.ok || result.milliseconds > SLOW_MILLISECONDS) {
            open(result.retryAfter);
        }
    };

    return { isOpen, open, close, learn };
});
