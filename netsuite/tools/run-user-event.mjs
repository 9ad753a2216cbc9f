#!/usr/bin/env node
/**
 * Runs the user event script (and, if asked, the drain) under plain Node, without jest and without NetSuite, against a
 * running Tillbridge. Needs no `npm install`.
 *
 *     node tools/run-user-event.mjs < scenario.json
 *
 * The scenario, on standard input:
 *
 *     {
 *       "url": "http://127.0.0.1:8080",          where Tillbridge listens
 *       "connection": "acme-nz",                 its connection; default "default"
 *       "secrets": ["whsec_…", "whsec_…"],       signing keys: the current one, and while rotating the previous one
 *       "account_id": "1234567_SB1",             the account the script runs in
 *       "settings_account_id": "1234567_SB1",    the account the settings are for; default the same
 *       "record": "salesorder",                  salesorder, itemfulfillment, invoice, cashsale
 *       "type": "edit",                          create, edit, xedit, delete, approve, ship, …; default "edit"
 *       "context": "USERINTERFACE",              the execution context; default "USERINTERFACE"
 *       "id": "766",                             the record's internal id; default "766"
 *       "values": {"tranid": "SO1043"},          the record's fields; for a bill also {"createdfrom": "766"}
 *       "old_values": {},                        its fields before; default the same
 *       "user_id": "12",
 *       "units": 1000,                           what the script may use
 *       "run": ["user_event", "drain"],          default ["user_event"]; the drain works on the same outbox, an hour on
 *       "dry": false,                            true: nothing leaves; each request is answered 202
 *       "token": "…"                             a Tillbridge token; with it the drain looks verdicts up
 *     }
 *
 * On standard output, one JSON object:
 *
 *     {
 *       "requests": [{"request": {"method","url","headers","body"}, "answer": {"code","headers","body"}}],  or "error"
 *       "outbox":   [the outbox rows as they are now],
 *       "order":    the sales order's fields as they are now, or null,
 *       "logs":     [{"level","title","details"}],
 *       "units":    {"user_event": 20, "drain": 27}
 *     }
 *
 * Exit code 0 when the scripts ran, whatever Tillbridge answered; 2 when the scenario cannot be read.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';

const here = dirname(fileURLToPath(import.meta.url));
const { World, fail } = createRequire(import.meta.url)('./netsuite-world.js');
const SCRIPTS = resolve(here, '../src/FileCabinet/SuiteScripts/tillbridge');
const HOUR = 3600 * 1000;

/** Loads AMD modules as SuiteScript does: `define` with dependencies, relative paths from the module's own folder. */
export class Loader {
    constructor(modules) {
        this.modules = modules;
        this.loaded = new Map();
    }

    load(path) {
        const file = path.endsWith('.js') ? path : `${path}.js`;
        if (this.loaded.has(file)) {
            return this.loaded.get(file);
        }
        let exported;
        const define = (dependencies, factory) => {
            exported = factory(...dependencies.map((name) => this.resolve(name, dirname(file))));
        };
        vm.runInThisContext(`(function (define) {${readFileSync(file, 'utf8')}\n})`, { filename: file })(define);
        this.loaded.set(file, exported);
        return exported;
    }

    resolve(name, folder) {
        if (!name.startsWith('N/')) {
            return this.load(join(folder, name));
        }
        if (!(name in this.modules)) {
            throw new Error(`The script needs ${name}, which this harness does not have.`);
        }
        return this.modules[name];
    }
}

// In a child process, because N/https is synchronous.
const CHILD = `
let text = '';
process.stdin.on('data', (part) => { text += part; }).on('end', async () => {
    const { method, url, headers, body } = JSON.parse(text);
    try {
        const answer = await fetch(url, { method, headers, body: method === 'GET' ? undefined : body,
            redirect: 'manual', signal: AbortSignal.timeout(45000) });
        const text = await answer.text();
        console.log(JSON.stringify({ code: answer.status, headers: Object.fromEntries(answer.headers), body: text }));
    } catch (problem) {
        console.log(JSON.stringify({ error: String(problem.cause ? problem.cause.message : problem.message) }));
    }
});`;

const overTheNetwork = (request) => {
    const child = spawnSync(process.execPath, ['-e', CHILD], { input: JSON.stringify(request), encoding: 'utf8' });
    const answer = JSON.parse(child.stdout || '{"error":"the request could not be started"}');
    if (answer.error) {
        throw fail('SSS_REQUEST_TIME_EXCEEDED', answer.error);
    }
    return answer;
};

const setUp = (scenario) => {
    const [current = '', previous = ''] = (scenario.secrets || []).map((key) => key.replace(/^whsec_/, ''));
    const secrets = { custsecret_tillbridge_signing: current };
    if (previous) {
        secrets.custsecret_tillbridge_previous = previous;
    }
    if (scenario.token) {
        secrets.custsecret_tillbridge_token = scenario.token;
    }
    const world = new World({
        accountId: scenario.account_id,
        executionContext: scenario.context,
        userId: scenario.user_id,
        units: scenario.units,
        secrets,
        transport: scenario.dry ? undefined : overTheNetwork,
    });
    const set = (name) => `custrecord_tillbridge_set_${name}`;
    world.put('customrecord_tillbridge_settings', {
        [set('account')]: scenario.settings_account_id || world.accountId,
        [set('url')]: scenario.url,
        [set('connection')]: scenario.connection || 'default',
        [set('secret')]: 'custsecret_tillbridge_signing',
        [set('secret_old')]: previous ? 'custsecret_tillbridge_previous' : '',
        [set('token')]: scenario.token ? 'custsecret_tillbridge_token' : '',
        [set('at_once')]: true,
        [set('tick')]: true,
        [set('write_status')]: true,
    });
    return world;
};

const userEvent = (world, loader, scenario) => {
    const type = scenario.record || 'salesorder';
    const id = scenario.id || '766';
    world.put(type, scenario.values || {}, id);
    const after = world.instance(type, id, scenario.values || {});
    const before = world.instance(type, id, scenario.old_values || scenario.values || {});
    const event = scenario.type || 'edit';
    loader.load(join(SCRIPTS, 'ue_order_events')).afterSubmit({
        type: event,
        newRecord: after,
        oldRecord: event === 'create' ? null : before,
    });
};

const drain = (world, loader) => {
    const realNow = Date.now;
    const script = loader.load(join(SCRIPTS, 'mr_outbox_drain'));
    world.executionContext = 'MAPREDUCE';
    world.limit = 10000;
    // Rows that the save left behind are due by then; what is signed is signed with the real time.
    Date.now = () => realNow() + HOUR;
    let jobs;
    try {
        jobs = script.getInputData();
    } finally {
        Date.now = realNow;
    }
    jobs.forEach((job, index) => script.map({ key: String(index), value: JSON.stringify(job) }));
    script.summarize({ mapSummary: { errors: { iterator: () => ({ each: () => {} }) } }, usage: world.used, seconds: 0 });
};

const STEPS = { user_event: userEvent, drain };

const main = () => {
    const scenario = JSON.parse(readFileSync(0, 'utf8'));
    const world = setUp(scenario);
    const loader = new Loader(world.modules);
    const units = {};
    (scenario.run || ['user_event']).forEach((step) => {
        if (!STEPS[step]) {
            throw new Error(`"run" knows ${Object.keys(STEPS).join(' and ')}, not ${step}.`);
        }
        world.used = 0;
        STEPS[step](world, loader, scenario);
        units[step] = world.used;
    });
    process.stdout.write(`${JSON.stringify({
        requests: world.requests,
        outbox: world.rows('customrecord_tillbridge_outbox'),
        order: world.get('salesorder', scenario.id || '766') || null,
        logs: world.logs,
        units,
    }, null, 2)}\n`);
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    try {
        main();
    } catch (problem) {
        process.stderr.write(`${problem.message}\n`);
        process.exitCode = 2;
    }
}
