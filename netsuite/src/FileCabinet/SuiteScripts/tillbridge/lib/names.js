/**
 * Every script id of this project that code speaks of, in one place. The XML under Objects/ defines them.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define([], () => {
    const FIELD = Object.freeze({
        SEND: 'custbody_tillbridge_send',
        SALE_ID: 'custbody_tillbridge_sale_id',
        SALE_STATUS: 'custbody_tillbridge_sale_status',
        LAST_SYNC: 'custbody_tillbridge_last_sync',
        ERROR: 'custbody_tillbridge_error',
        LINK: 'custbody_tillbridge_link',
        // Hidden. Changes with every write of ours, so that the user event can tell our own write from anybody else's.
        STAMP: 'custbody_tillbridge_stamp',
        // Hidden. Ticked while the order is not settled: the drain looks its status up again.
        WATCH: 'custbody_tillbridge_watch',
    });

    const OUTBOX = Object.freeze({
        TYPE: 'customrecord_tillbridge_outbox',
        EVENT_ID: 'custrecord_tillbridge_ob_event_id',
        EVENT: 'custrecord_tillbridge_ob_event',
        RECORD_TYPE: 'custrecord_tillbridge_ob_record_type',
        RECORD_ID: 'custrecord_tillbridge_ob_record_id',
        BODY: 'custrecord_tillbridge_ob_body',
        STATE: 'custrecord_tillbridge_ob_state',
        ATTEMPTS: 'custrecord_tillbridge_ob_attempts',
        DUE: 'custrecord_tillbridge_ob_due',
        SENT: 'custrecord_tillbridge_ob_sent',
        HTTP_STATUS: 'custrecord_tillbridge_ob_http_status',
        ERROR: 'custrecord_tillbridge_ob_error',
    });

    const SETTINGS = Object.freeze({
        TYPE: 'customrecord_tillbridge_settings',
        ACCOUNT: 'custrecord_tillbridge_set_account',
        URL: 'custrecord_tillbridge_set_url',
        CONNECTION: 'custrecord_tillbridge_set_connection',
        SECRET: 'custrecord_tillbridge_set_secret',
        SECRET_OLD: 'custrecord_tillbridge_set_secret_old',
        TOKEN: 'custrecord_tillbridge_set_token',
        AT_ONCE: 'custrecord_tillbridge_set_at_once',
        TICK: 'custrecord_tillbridge_set_tick',
        WRITE_STATUS: 'custrecord_tillbridge_set_write_status',
        PREFIX: 'custrecord_tillbridge_set_prefix',
        KEEP_DAYS: 'custrecord_tillbridge_set_keep_days',
    });

    const SCRIPT = Object.freeze({
        SEND_ORDER: 'customscript_tillbridge_sl_send',
        SEND_ORDER_DEPLOYMENT: 'customdeploy_tillbridge_sl_send',
        DRAIN: 'customscript_tillbridge_mr_drain',
    });

    const SEARCH = Object.freeze({ DEAD: 'customsearch_tillbridge_dead' });

    return { FIELD, OUTBOX, SETTINGS, SCRIPT, SEARCH };
});
