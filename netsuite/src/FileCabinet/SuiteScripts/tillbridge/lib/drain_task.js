/**
 * Starts the drain now instead of at its next quarter of an hour.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define(['N/cache', 'N/task', './names', './quiet'], (cache, task, names, quiet) => {
    const KEY = 'drain-asked';
    const SECONDS = 300;

    /**
     * Asks for a run, at most once in five minutes, on whichever on-demand deployment is idle (no deployment is named).
     * Whoever lacks the permission to schedule scripts, or finds all of them busy, leaves it to the schedule.
     * 1 unit, or 22.
     */
    const ask = () => {
        try {
            const shared = cache.getCache({ name: 'tillbridge', scope: cache.Scope.PROTECTED });
            if (shared.get({ key: KEY })) {
                return;
            }
            shared.put({ key: KEY, value: 'asked', ttl: SECONDS });
            task.create({ taskType: task.TaskType.MAP_REDUCE, scriptId: names.SCRIPT.DRAIN }).submit();
        } catch (problem) {
            quiet.audit('the outbox is drained at its next time', quiet.message(problem));
        }
    };

    return { ask };
});
