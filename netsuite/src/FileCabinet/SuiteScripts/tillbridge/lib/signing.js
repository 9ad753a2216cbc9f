/**
 * Standard Webhooks signatures (https://www.standardwebhooks.com): `v1,` and the Base64 HMAC-SHA256 of
 * `id.timestamp.body`. The key never reaches this code: N/crypto takes it from an API secret by its script id.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define(['N/crypto', 'N/encode', './quiet'], (crypto, encode, quiet) => {
    const sign = (secret, text) => {
        // The secret holds the key in Base64, so BASE_64: N/crypto decodes it. (The default would read it as hex.)
        const key = crypto.createSecretKey({ secret, encoding: encode.Encoding.BASE_64 });
        const hmac = crypto.createHmac({ algorithm: crypto.HashAlg.SHA256, key });
        hmac.update({ input: text, inputEncoding: encode.Encoding.UTF_8 });
        return `v1,${hmac.digest({ outputEncoding: encode.Encoding.BASE_64 })}`;
    };

    /**
     * Signs with every secret: while the key is rotated there are two, and the receiver takes either. A secret that
     * cannot be used (deleted, not shared with this script) does not stop the others. No governance.
     *
     * @param {string[]} secrets script ids of API secrets
     * @param {string} id the event's id
     * @param {number} timestamp seconds since 1970
     * @param {string} body
     * @returns {string} `v1,… v1,…`
     * @throws the first error, when no secret could be used
     */
    const signature = (secrets, id, timestamp, body) => {
        const problems = [];
        const signatures = [];
        secrets.forEach((secret) => {
            try {
                signatures.push(sign(secret, `${id}.${timestamp}.${body}`));
            } catch (problem) {
                problems.push(problem);
                quiet.error(`the API secret ${secret} cannot be used`, quiet.message(problem));
            }
        });
        if (signatures.length === 0) {
            throw problems[0] || new Error('No API secret is named in the Tillbridge settings.');
        }
        return signatures.join(' ');
    };

    return { signature };
});
