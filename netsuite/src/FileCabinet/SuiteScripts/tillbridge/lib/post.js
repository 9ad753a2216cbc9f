/**
 * One attempt to deliver one event.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define(['N/https', './clock', './quiet', './signing'], (https, clock, quiet, signing) => {
    const header = (response, name) => {
        const headers = response.headers || {};
        const key = Object.keys(headers).find((candidate) => candidate.toLowerCase() === name);
        return key === undefined ? '' : String(headers[key]);
    };

    const excerpt = (text) => String(text || '').replace(/\s+/g, ' ').trim().slice(0, 300);

    /**
     * Signs and posts. Signed anew on each attempt, as the receiver takes a timestamp of some minutes only; the id stays.
     * Never throws. 10 units.
     *
     * @returns {{ok: boolean, code: number, error: string, retryAfter: number, milliseconds: number}} `code` 0: no answer
     */
    const send = (settings, id, body) => {
        const started = clock.now();
        try {
            const timestamp = clock.seconds();
            const response = https.post({
                url: `${settings.url}/webhooks/netsuite/${encodeURIComponent(settings.connection)}`,
                body,
                headers: {
                    'content-type': 'application/json',
                    'webhook-id': id,
                    'webhook-timestamp': String(timestamp),
                    'webhook-signature': signing.signature(settings.secrets, id, timestamp, body),
                },
            });
            const code = Number(response.code);
            const ok = code >= 200 && code < 300;
            return {
                ok,
                code,
                error: ok ? '' : `HTTP ${code} ${excerpt(response.body)}`.trim(),
                retryAfter: Number(header(response, 'retry-after')) || 0,
                milliseconds: clock.now() - started,
            };
        } catch (problem) {
            return {
                ok: false,
                code: 0,
                error: excerpt(quiet.message(problem)),
                retryAfter: 0,
                milliseconds: clock.now() - started,
            };
        }
    };

    return { send };
});
