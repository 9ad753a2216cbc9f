const fs = require('node:fs');
const path = require('node:path');
const { XMLParser, XMLValidator } = require('fast-xml-parser');
const names = require('SuiteScripts/tillbridge/lib/names');

const SRC = path.resolve(__dirname, '../src');
const SCRIPTS = path.join(SRC, 'FileCabinet/SuiteScripts/tillbridge');
const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '@', parseTagValue: false });
const list = (value) => (value === undefined || value === '' ? [] : [].concat(value));
const read = (file) => fs.readFileSync(path.join(SRC, file), 'utf8');

const objects = fs.readdirSync(path.join(SRC, 'Objects')).map((file) => {
    const text = read(`Objects/${file}`);
    const root = parser.parse(text);
    const [tag] = Object.keys(root);
    return { file, text, tag, body: root[tag], id: root[tag]['@scriptid'] };
});
const of = (tag) => objects.filter((object) => object.tag === tag);
const SCRIPT_TAGS = [
    'usereventscript', 'mapreducescript', 'suitelet', 'massupdatescript', 'scheduledscript', 'restlet',
];
const scripts = objects.filter(({ tag }) => SCRIPT_TAGS.includes(tag));
const deployments = ({ body }) => list(body.scriptdeployments.scriptdeployment);
const recordFields = ({ body }) => list(body.customrecordcustomfields.customrecordcustomfield);

// Every id that these objects define, for the references between them.
const defined = new Set(objects.flatMap((object) => [
    object.id,
    ...(object.tag === 'customrecordtype' ? recordFields(object).map((field) => field['@scriptid']) : []),
    ...(SCRIPT_TAGS.includes(object.tag) ? deployments(object).map((deployment) => deployment['@scriptid']) : []),
]));

const has = (body, elements) => elements.forEach((element) => expect(Object.keys(body)).toContain(element));

describe('every object', () => {
    test.each(['manifest.xml', 'deploy.xml', ...objects.map(({ file }) => `Objects/${file}`)])('%s is well-formed', (file) => {
        expect(XMLValidator.validate(read(file))).toBe(true);
    });

    test.each(objects)('$file is named after its script id', ({ file, id }) => {
        expect(file).toBe(`${id}.xml`);
        expect(id).toMatch(/^[a-z0-9_]+$/);
    });

    test.each(objects)('$file refers only to what is there', ({ text }) => {
        const references = [...text.matchAll(/\[scriptid=([a-z0-9_]+)\]/g)].map(([, id]) => id);
        references.forEach((id) => expect(defined).toContain(id));
    });

    test('no secret is part of the project', () => {
        expect(objects.filter(({ tag }) => tag === 'secret')).toHaveLength(0);
    });
});

describe('the subtab and its fields', () => {
    const fields = of('transactionbodycustomfield');

    test('the subtab is a transaction subtab with the name that people know', () => {
        const [tab] = of('subtab');
        has(tab.body, ['title', 'tabtype', 'parent']);
        expect(tab.body).toMatchObject({ title: 'Lightspeed X-Series', tabtype: 'TRANSACTION' });
        expect(tab.id.length).toBeLessThanOrEqual(40);
    });

    test.each(fields)('$id has every element of the shape', ({ id, body }) => {
        has(body, [
            'label', 'fieldtype', 'accesslevel', 'bodysale', 'bodyitemfulfillment', 'displaytype', 'ismandatory',
            'searchlevel', 'storevalue', 'subtab',
        ]);
        expect(id).toMatch(/^custbody_/);
        expect(id.length).toBeLessThanOrEqual(38);
        expect(body).toMatchObject({ bodysale: 'T', bodyitemfulfillment: 'F', subtab: '[scriptid=custtab_tillbridge]' });
    });

    test('they are the fields that the scripts speak of', () => {
        expect(fields.map(({ id }) => id).sort()).toEqual(Object.values(names.FIELD).sort());
    });

    test('people can tick the box and nothing else', () => {
        const editable = fields.filter(({ body }) => body.displaytype === 'NORMAL').map(({ id }) => id);
        expect(editable).toEqual(['custbody_tillbridge_send']);
    });
});

describe('the custom records', () => {
    test.each(of('customrecordtype'))('$id is complete and closed to everybody but the scripts', (object) => {
        has(object.body, ['recordname', 'accesstype', 'enableoptimisticlocking', 'customrecordcustomfields', 'permissions']);
        expect(object.body.accesstype).toBe('USEPERMISSIONLIST');
        list(object.body.permissions.permission).forEach((permission) =>
            expect(permission.permittedrole).toBe('[scriptid=customrole_tillbridge_scripts]'));
        recordFields(object).forEach((field) => {
            has(field, ['label', 'fieldtype', 'accesslevel', 'displaytype', 'ismandatory', 'searchlevel', 'storevalue']);
            expect(field['@scriptid'].length).toBeLessThanOrEqual(40);
        });
    });

    test.each([['customrecord_tillbridge_outbox', 'OUTBOX'], ['customrecord_tillbridge_settings', 'SETTINGS']])(
        '%s has the fields that the scripts speak of',
        (id, key) => {
            const object = of('customrecordtype').find((one) => one.id === id);
            const { TYPE, ...fields } = names[key];
            expect(TYPE).toBe(id);
            expect(recordFields(object).map((field) => field['@scriptid']).sort()).toEqual(Object.values(fields).sort());
        },
    );

    test('the outbox refers to no transaction, which could then not be deleted', () => {
        const outbox = of('customrecordtype').find(({ id }) => id === names.OUTBOX.TYPE);
        recordFields(outbox).forEach((field) => expect(field.fieldtype).not.toBe('SELECT'));
    });
});

describe('the scripts', () => {
    test.each(scripts)('$id has every element of the shape', (object) => {
        const { body, tag, id } = object;
        has(body, ['name', 'scriptfile', 'isinactive', 'notifyowner', 'scriptdeployments']);
        expect(body.name.length).toBeLessThanOrEqual(40);
        expect(id.length).toBeLessThanOrEqual(40);
        deployments(object).forEach((deployment) => {
            has(deployment, ['isdeployed', 'status', 'loglevel']);
            expect(deployment['@scriptid']).toMatch(/^customdeploy_/);
            expect(deployment['@scriptid'].length).toBeLessThanOrEqual(40);
            if (tag === 'usereventscript') {
                has(deployment, ['recordtype', 'allroles', 'eventtype', 'executioncontext']);
            } else if (tag !== 'massupdatescript') {
                has(deployment, ['title']);
            }
            expect(['ADMINISTRATOR', 'ADMIN']).not.toContain(deployment.runasrole);
        });
    });

    test.each(scripts)('$id points to a file of the right type', ({ body, tag }) => {
        const types = {
            usereventscript: 'UserEventScript', mapreducescript: 'MapReduceScript', suitelet: 'Suitelet',
            massupdatescript: 'MassUpdateScript', scheduledscript: 'ScheduledScript', restlet: 'Restlet',
        };
        const [, file] = body.scriptfile.match(/^\[(\/SuiteScripts\/[\w./-]+\.js)\]$/);
        const text = read(`FileCabinet${file}`);
        expect(text).toContain(`@NScriptType ${types[tag]}`);
    });

    test('the user event is deployed once on each of the four records, released, in every context that saves', () => {
        const [orders] = scripts.filter(({ id }) => id === 'customscript_tillbridge_ue_orders');
        expect(deployments(orders).map(({ recordtype }) => recordtype).sort()).toEqual([
            'CASHSALE', 'INVOICE', 'ITEMFULFILLMENT', 'SALESORDER',
        ]);
        deployments(orders).forEach((deployment) => {
            expect(deployment).toMatchObject({ status: 'RELEASED', isdeployed: 'T', allroles: 'T', eventtype: '' });
            expect(deployment.executioncontext.split('|')).toEqual(expect.arrayContaining([
                'USERINTERFACE', 'CSVIMPORT', 'RESTWEBSERVICES', 'WEBSERVICES', 'RESTLET', 'SUITELET', 'SCHEDULED',
                'MAPREDUCE', 'WEBSTORE', 'WORKFLOW', 'CUSTOMMASSUPDATE',
            ]));
        });
    });

    test('the drain runs every quarter of an hour, and has idle deployments for demand', () => {
        const [drain] = of('mapreducescript');
        const [scheduled, ...onDemand] = deployments(drain);
        expect(scheduled).toMatchObject({ status: 'SCHEDULED', recurrence: { daily: { everyxdays: '1', repeat: 'PT15M' } } });
        expect(onDemand.map(({ status }) => status)).toEqual(['NOTSCHEDULED', 'NOTSCHEDULED']);
        expect(drain.id).toBe(names.SCRIPT.DRAIN);
        deployments(drain).forEach((deployment) => expect(deployment).not.toHaveProperty('runasrole'));
    });

    test('the button finds its suitelet', () => {
        const [suitelet] = of('suitelet');
        expect(suitelet.id).toBe(names.SCRIPT.SEND_ORDER);
        expect(deployments(suitelet)[0]['@scriptid']).toBe(names.SCRIPT.SEND_ORDER_DEPLOYMENT);
        const button = fs.readFileSync(path.join(SCRIPTS, 'cs_send_button.js'), 'utf8');
        expect(button).toContain(`'${suitelet.id}'`);
        expect(button).toContain(`'${names.SCRIPT.SEND_ORDER_DEPLOYMENT}'`);
    });
});

describe('the role of the scripts', () => {
    test('may edit sales orders and read what it must, and no more', () => {
        const [role] = of('role');
        const permissions = list(role.body.permissions.permission);
        expect(permissions.filter(({ permlevel }) => permlevel !== 'VIEW')).toEqual([
            { permkey: 'TRAN_SALESORD', permlevel: 'EDIT' },
        ]);
        permissions.forEach(({ permkey }) => expect(permkey).toMatch(/^(LIST|TRAN)_[A-Z]+$/));
    });
});

describe('manifest and deploy file', () => {
    test('the manifest names what the objects need', () => {
        const { manifest } = parser.parse(read('manifest.xml'));
        expect(manifest['@projecttype']).toBe('ACCOUNTCUSTOMIZATION');
        has(manifest, ['projectname', 'frameworkversion', 'dependencies']);
        const features = manifest.dependencies.features.feature;
        const required = features.filter((feature) => feature['@required'] === 'true').map((feature) => feature['#text']);
        expect(required).toEqual(['SERVERSIDESCRIPTING', 'CUSTOMRECORDS', 'SALESORDERS']);
    });

    test('the deploy file has its four sections', () => {
        const { deploy } = parser.parse(read('deploy.xml'));
        has(deploy, ['configuration', 'files', 'objects', 'translationimports']);
        expect(deploy.objects.path).toBe('~/Objects/*');
    });
});

describe('every script file', () => {
    const files = [
        ...fs.readdirSync(SCRIPTS).filter((file) => file.endsWith('.js')),
        ...fs.readdirSync(path.join(SCRIPTS, 'lib')).map((file) => `lib/${file}`),
    ];

    test.each(files)('%s is a SuiteScript 2.1 AMD module of one define', (file) => {
        const text = fs.readFileSync(path.join(SCRIPTS, file), 'utf8');
        expect(text).toMatch(/@NApiVersion 2\.1\b/);
        expect(text).toMatch(/@NModuleScope SameAccount\b/);
        expect(text.match(/^define\(/gm)).toHaveLength(1);
        expect(text).not.toMatch(/\bfetch\(|URLSearchParams|function\s*\*|\brequire\(/);
    });

    test.each(files)('%s calls nothing of NetSuite while it is loaded', (file) => {
        const text = fs.readFileSync(path.join(SCRIPTS, file), 'utf8');
        // Only enumerations and the like could be read then, and even that is refused while a module is defined.
        const untouchable = new Proxy({}, {
            get: (_, member) => { throw new Error(`${String(member)} was used while ${file} was loaded`); },
        });
        const library = new Proxy({}, { get: (_, member) => names[member] || (() => undefined) });
        let loaded;
        const define = (dependencies, factory) => {
            loaded = factory(...dependencies.map((name) => {
                if (name.startsWith('N/')) {
                    return untouchable;
                }
                return name.endsWith('/outbox') ? { STATE: { PENDING: 'p', SENT: 's', DONE: 'd', BLOCKED: 'b' } } : library;
            }));
        };
        new Function('define', text)(define);
        expect(loaded).toBeInstanceOf(Object);
    });
});
