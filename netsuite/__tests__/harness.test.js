const { spawn, spawnSync } = require('node:child_process');
const crypto = require('node:crypto');
const http = require('node:http');
const path = require('node:path');

const HARNESS = path.resolve(__dirname, '../tools/run-user-event.mjs');
const KEY = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

const run = (scenario) => new Promise((resolve) => {
    const child = spawn(process.execPath, [HARNESS]);
    let out = '';
    child.stdout.on('data', (part) => { out += part; });
    child.on('close', (code) => resolve({ code, report: out ? JSON.parse(out) : null }));
    child.stdin.end(JSON.stringify(scenario));
});

/** A receiver that checks each request as Tillbridge does. */
const receive = (answer) => new Promise((resolve) => {
    const server = http.createServer((request, response) => {
        let body = '';
        request.on('data', (part) => { body += part; }).on('end', () => {
            const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signatures = '' } = request.headers;
            const mac = crypto.createHmac('sha256', Buffer.from(KEY, 'base64')).update(`${id}.${time}.${body}`).digest('base64');
            const fresh = Math.abs(Date.now() / 1000 - Number(time)) < 300;
            const ok = fresh && signatures.split(' ').includes(`v1,${mac}`);
            answer(response, { ok, url: request.url, body });
        });
    }).listen(0, '127.0.0.1', () => resolve(server));
});

test('the script runs under plain Node and its request is accepted over the network', async () => {
    const seen = [];
    const server = await receive((response, request) => {
        seen.push(request);
        response.writeHead(request.ok ? 202 : 401).end('{"event_id":"e1","duplicate":false}');
    });
    const { code, report } = await run({
        url: `http://127.0.0.1:${server.address().port}`, connection: 'acme-nz', secrets: [`whsec_${KEY}`],
        account_id: '1234567_SB1', record: 'salesorder', type: 'create', values: { tranid: 'SO1043' },
    });
    server.close();
    expect(code).toBe(0);
    expect(seen).toEqual([expect.objectContaining({ ok: true, url: '/webhooks/netsuite/acme-nz' })]);
    expect(report.requests[0].answer.code).toBe(202);
    expect(report.outbox[0].custrecord_tillbridge_ob_state).toBe('done');
});

test('the drain delivers what the save could not', async () => {
    let calls = 0;
    const server = await receive((response, request) => {
        calls += 1;
        response.writeHead(calls === 1 ? 503 : request.ok ? 202 : 401).end('{}');
    });
    const { report } = await run({
        url: `http://127.0.0.1:${server.address().port}`, secrets: [KEY], account_id: '1234567_SB1',
        record: 'invoice', type: 'create', values: { createdfrom: '766' }, run: ['user_event', 'drain'],
    });
    server.close();
    expect(report.requests.map(({ answer }) => answer.code)).toEqual([503, 202]);
    expect(report.requests[1].request.headers['webhook-id']).toBe(report.requests[0].request.headers['webhook-id']);
});

test('a scenario that cannot be read is wrong usage', () => {
    expect(spawnSync(process.execPath, [HARNESS], { input: 'no' }).status).toBe(2);
});
