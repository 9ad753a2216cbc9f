const crypto = require('node:crypto');
const { account, outbox, posts, orderEvent, KEY, OLD_KEY, NOW } = require('./support/account');
const signing = require('SuiteScripts/tillbridge/lib/signing');
const userEvent = require('SuiteScripts/tillbridge/ue_order_events');
const drain = require('SuiteScripts/tillbridge/mr_outbox_drain');

/** The other way round, from the definition: HMAC-SHA256 over id.timestamp.body with the decoded key. */
const expected = (key, { headers, body }) =>
    `v1,${crypto.createHmac('sha256', Buffer.from(key, 'base64'))
        .update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`)
        .digest('base64')}`;

const rotating = { settings: { custrecord_tillbridge_set_secret_old: 'custsecret_tillbridge_previous' } };

test('the published Standard Webhooks example comes out as published', () => {
    account();
    expect(signing.signature(
        ['custsecret_tillbridge_signing'], 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, '{"test": 2432232314}',
    )).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

test('a saved order is signed over exactly what is sent', () => {
    const world = account();
    userEvent.afterSubmit(orderEvent(world, { values: { tranid: 'SO-Māori' } }));
    const [request] = posts(world);
    expect(request.headers['webhook-timestamp']).toBe(String(NOW / 1000));
    expect(request.headers['webhook-signature']).toBe(expected(KEY, request));
    expect(request.headers['content-type']).toBe('application/json');
    Object.values(request.headers).forEach((value) => expect(typeof value).toBe('string'));
});

test('while the key is rotated there are two signatures, separated by a space', () => {
    const world = account(rotating);
    userEvent.afterSubmit(orderEvent(world));
    const [request] = posts(world);
    expect(request.headers['webhook-signature']).toBe(`${expected(KEY, request)} ${expected(OLD_KEY, request)}`);
});

test('after the rotation, when the old secret is deleted, the new one is enough', () => {
    const world = account({ ...rotating, secrets: { custsecret_tillbridge_signing: KEY } });
    userEvent.afterSubmit(orderEvent(world));
    const [request] = posts(world);
    expect(request.headers['webhook-signature']).toBe(expected(KEY, request));
    expect(world.logs.some(({ title }) => title.includes('custsecret_tillbridge_previous'))).toBe(true);
});

test('without a usable secret nothing is sent and the outbox says why', () => {
    const world = account({ secrets: {} });
    userEvent.afterSubmit(orderEvent(world));
    expect(world.requests).toHaveLength(0);
    expect(outbox(world)[0]).toMatchObject({ state: 'pending', error: expect.stringContaining('custsecret_tillbridge_signing') });
});

test('a key pasted with its whsec_ prefix is not taken for Base64', () => {
    const world = account({ secrets: { custsecret_tillbridge_signing: `whsec_${KEY}` } });
    userEvent.afterSubmit(orderEvent(world));
    expect(world.requests).toHaveLength(0);
    expect(outbox(world)[0].error).toContain('not Base64');
});

test('the drain signs anew, with the same id and the time of the attempt', () => {
    const world = account({ transport: () => ({ code: 503, headers: {}, body: '' }) });
    userEvent.afterSubmit(orderEvent(world));
    world.now += 3600 * 1000;
    drain.getInputData().forEach((job) => drain.map({ value: JSON.stringify(job) }));
    const [first, second] = posts(world);
    expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
    expect(second.body).toBe(first.body);
    expect(second.headers['webhook-timestamp']).toBe(String(NOW / 1000 + 3600));
    expect(second.headers['webhook-signature']).toBe(expected(KEY, second));
});

test('no secret is ever logged or stored', () => {
    const world = account({ ...rotating, transport: () => ({ code: 401, headers: {}, body: 'bad signature' }) });
    userEvent.afterSubmit(orderEvent(world));
    const all = JSON.stringify([world.logs, [...world.records].map(([type, rows]) => [type, [...rows]]), [...world.cache]]);
    [KEY, OLD_KEY, 'viewer-token'].forEach((secret) => expect(all).not.toContain(secret));
});
