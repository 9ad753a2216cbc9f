//! What is said about what is wrong, word for word.

use super::{SMALLEST, complaint};

/// Text, and the whole of what is said about it.
const COMPLAINTS: &[(&str, &str)] = &[
    ("[server]\nlistn = \"x\"", "tillbridge.toml:2:1: server.listn: unknown key; did you mean server.listen?"),
    ("[sever]\nlisten = \"x\"", "tillbridge.toml:1:2: sever: unknown key; did you mean server?"),
    (
        "  typo = 1",
        "tillbridge.toml:1:3: typo: unknown key; the keys here are connections, database, keep, log, net, poll, retry, server, worker",
    ),
    ("server = 3", "tillbridge.toml:1:10: server: is a number, and a table is expected"),
    ("connections = 3", "tillbridge.toml:1:15: connections: is a number, and a list of tables is expected: write [[connections]]"),
    (
        "[server]\nlisten = \"8080\"",
        "tillbridge.toml:2:10: server.listen: \"8080\" is not an address; write host:port, such as 127.0.0.1:8080",
    ),
    (
        "[server]\nlisten = \":80\"",
        "tillbridge.toml:2:10: server.listen: \":80\" is not an address; write host:port, such as 127.0.0.1:8080",
    ),
    ("[server]\nlisten = 80", "tillbridge.toml:2:10: server.listen: 80 is not an address; write host:port, such as 127.0.0.1:8080"),
    (
        "[server]\nmetrics_listen = \"localhost:99999\"",
        "tillbridge.toml:2:18: server.metrics_listen: \"localhost:99999\" is not an address; write host:port, such as 127.0.0.1:8080",
    ),
    (
        "[server]\npublic_url = \"sync.example.com\"",
        "tillbridge.toml:2:14: server.public_url: \"sync.example.com\" is not a web address; write https://host, without query",
    ),
    ("[server]\nbody_limit = 0", "tillbridge.toml:2:14: server.body_limit: 0 is not a whole number from 1 to 67108864"),
    ("[server]\nbody_limit = 1e3", "tillbridge.toml:2:14: server.body_limit: 1e3 is not a whole number from 1 to 67108864"),
    (
        "[server]\nbody_limit = 99999999999999999999",
        "tillbridge.toml:2:14: server.body_limit: 99999999999999999999 is not a whole number from 1 to 67108864",
    ),
    (
        "[database]\nurl = \"mysql://root:hunter2@db\"",
        "tillbridge.toml:2:7: database.url: is not a database's address; write sqlite://tillbridge.db or postgres://user:password@host/database",
    ),
    ("[database]\nurl = \"env:NOWHERE\"", "tillbridge.toml:2:7: database.url: the environment variable NOWHERE is not set"),
    ("[worker]\norders_at_once = 1001", "tillbridge.toml:2:18: worker.orders_at_once: 1001 is not a whole number from 1 to 1000"),
    ("[worker]\nlease = \"0s\"", "tillbridge.toml:2:9: worker.lease: is zero; write 30s, 5m, 2h"),
    ("[retry]\nfirst = \"1x\"", "tillbridge.toml:2:9: retry.first: \"1x\" is not a duration; write 30s, 5m, 2h"),
    ("[retry]\nfirst = 30", "tillbridge.toml:2:9: retry.first: 30 is not a duration; write 30s, 5m, 2h"),
    ("retry = { first = \"1h\" }", "tillbridge.toml:1:19: retry.first: 1h is longer than retry.max, which is 15m"),
    ("[retry]\nattempts = 0", "tillbridge.toml:2:12: retry.attempts: 0 is not a whole number from 1 to 1000"),
    ("[log]\nformat = \"xml\"", "tillbridge.toml:2:10: log.format: \"xml\" is not one of \"text\", \"json\""),
    (
        "[log]\nfilter = \"a=b=c\"",
        "tillbridge.toml:2:10: log.filter: \"a=b=c\" is not a log filter; write info, or info,tillbridge::engine=debug",
    ),
    (
        "[keep]\nevents = \"2d\"",
        "tillbridge.toml:2:10: keep.events: 2d is too short; duplicates are known by these events, so keep them 72h or longer",
    ),
];

#[test]
fn each_problem_is_one_line_with_its_place_what_was_found_and_what_is_expected() {
    for (text, expected) in COMPLAINTS {
        assert_eq!(complaint(text, &[]), *expected, "for:\n{text}");
    }
}

/// What is replaced in [`SMALLEST`], by what, and the whole of what is said.
const CONNECTION_COMPLAINTS: &[(&str, &str, &str)] = &[
    ("id = \"acme-nz\"\n", "\n", "tillbridge.toml:1:1: connections[0].id: is missing"),
    ("acme-nz", "Acme NZ", "tillbridge.toml:2:6: connections[0].id: \"Acme NZ\" is not a connection's id; write 1 to 64 of a-z, 0-9 and -"),
    (
        "1234567_SB1",
        "1234567-sb1",
        "tillbridge.toml:4:14: connections[0].netsuite.account_id: \"1234567-sb1\" is not an account id; write it as NetSuite shows it: 1234567 or 1234567_SB1",
    ),
    ("\"1234567_SB1\"", "1234567", "tillbridge.toml:4:14: connections[0].netsuite.account_id: 1234567 is a number; write it in quotes"),
    ("account_id = \"1234567_SB1\"\n", "\n", "tillbridge.toml:3:1: connections[0].netsuite.account_id: is missing"),
    (
        "account_id =",
        "concurrency = 101\naccount_id =",
        "tillbridge.toml:4:15: connections[0].netsuite.concurrency: 101 is not a whole number from 1 to 100",
    ),
    (
        "account_id =",
        "timezone = \"Mars/Phobos\"\naccount_id =",
        "tillbridge.toml:4:12: connections[0].netsuite.timezone: \"Mars/Phobos\" is not a time zone; write an IANA name, such as Pacific/Auckland",
    ),
    (
        "account_id =",
        "base_url = \"ftp://x\"\naccount_id =",
        "tillbridge.toml:4:12: connections[0].netsuite.base_url: \"ftp://x\" is not a web address; write https://host, without query",
    ),
    (
        "account_id =",
        "webhook_secrets = [\"whsec_AAEC\", \"hunter2\"]\naccount_id =",
        "tillbridge.toml:4:34: connections[0].netsuite.webhook_secrets[1]: does not start with whsec_; a secret is whsec_ and 24 or more random bytes in base64",
    ),
    (
        "account_id =",
        "webhook_secrets = \"whsec_hunter 2\"\naccount_id =",
        "tillbridge.toml:4:19: connections[0].netsuite.webhook_secrets: what follows whsec_ is not base64",
    ),
    ("oauth2_m2m", "oauth2", "tillbridge.toml:5:17: connections[0].netsuite.auth.type: \"oauth2\" is not one of \"oauth2_m2m\", \"tba\""),
    (
        "certificate_id",
        "certificat_id",
        "tillbridge.toml:5:8: connections[0].netsuite.auth.certificate_id: is missing\ntillbridge.toml:5:51: connections[0].netsuite.auth.certificat_id: unknown key; did you mean connections[0].netsuite.auth.certificate_id?",
    ),
    (
        "\"env:PEM\"",
        "\"hunter2\"",
        "tillbridge.toml:5:90: connections[0].netsuite.auth.private_key: is not a private key in PEM; it starts with -----BEGIN PRIVATE KEY-----",
    ),
    ("\"env:PEM\"", "\"file:no/such.pem\"", "tillbridge.toml:5:90: connections[0].netsuite.auth.private_key: there is no file no/such.pem"),
    (
        "\"env:PEM\" }",
        "\"env:PEM\", algorithm = \"ES512\" }",
        "tillbridge.toml:5:113: connections[0].netsuite.auth.algorithm: \"ES512\" is not one of \"ES256\", \"ES384\", \"PS256\", \"PS384\", \"PS512\"",
    ),
    (
        "domain_prefix = \"acme\"",
        "domain_prefix = \"acme.retail.lightspeed.app\"",
        "tillbridge.toml:7:17: connections[0].x_series.domain_prefix: \"acme.retail.lightspeed.app\" is not a domain prefix; write the part before .retail.lightspeed.app",
    ),
    (
        "domain_prefix =",
        "api_version = \"2.0\"\ndomain_prefix =",
        "tillbridge.toml:7:15: connections[0].x_series.api_version: \"2.0\" is not a date version of the API; write 2026-07",
    ),
    (
        "domain_prefix =",
        "registers = -1\ndomain_prefix =",
        "tillbridge.toml:7:13: connections[0].x_series.registers: -1 is not a whole number from 0 to 10000",
    ),
    (
        "\"t0ken\"",
        "7",
        "tillbridge.toml:8:43: connections[0].x_series.auth.token: is a number; a secret is the text itself, file:PATH or env:NAME",
    ),
    ("\"t0ken\"", "\"\"", "tillbridge.toml:8:43: connections[0].x_series.auth.token: is empty; write the secret, file:PATH or env:NAME"),
    (
        "\"t0ken\"",
        "\"env:NOWHERE\"",
        "tillbridge.toml:8:43: connections[0].x_series.auth.token: the environment variable NOWHERE is not set",
    ),
    (
        "\"t0ken\" }",
        "\"t0ken\" }\nwebhook = { verify = \"none\", token = \"x\" }",
        "tillbridge.toml:9:22: connections[0].x_series.webhook.verify: \"none\" is not one of \"signature\", \"path_token\"",
    ),
    (
        "\"t0ken\" }",
        "\"t0ken\" }\nwebhook = { verify = \"path_token\" }",
        "tillbridge.toml:9:11: connections[0].x_series.webhook.token: is missing",
    ),
    (
        "\"t0ken\" }",
        "\"t0ken\" }\nwebhook = { verify = \"path_token\", token = \"hunter/2\" }",
        "tillbridge.toml:9:44: connections[0].x_series.webhook.token: does not fit an address; write letters, digits, - and _",
    ),
    (
        "\"t0ken\" }",
        "\"t0ken\" }\nwebhook = { subscribe = \"no\" }",
        "tillbridge.toml:9:25: connections[0].x_series.webhook.subscribe: \"no\" is not true or false",
    ),
];

#[test]
fn problems_of_a_connection_are_told_without_showing_its_secrets() {
    for (from, to, expected) in CONNECTION_COMPLAINTS {
        let said = complaint(&SMALLEST.replacen(from, to, 1), &[]);
        assert_eq!(said, *expected, "for {from} -> {to}");
        assert!(!said.contains("hunter"), "{said}");
    }
}

#[test]
fn two_connections_may_not_share_an_id() {
    let said = complaint(&format!("{SMALLEST}{SMALLEST}"), &[]);
    assert_eq!(said, "tillbridge.toml:10:6: connections[1].id: \"acme-nz\" is used twice; give each connection its own");
}

#[test]
fn a_subscription_that_could_not_be_verified_is_refused() {
    let said = complaint(SMALLEST, &[("TILLBRIDGE__SERVER__PUBLIC_URL", "https://sync.example.com")]);
    assert_eq!(
        said,
        "tillbridge.toml:6:1: connections[0].x_series.webhook: has no secrets, so the webhooks that are subscribed to would all be refused; \
         write secrets = [\"…\"], the application's client secret, or subscribe = false"
    );
}

/// A variable, its value, and the whole of what is said about it beside [`SMALLEST`].
const VARIABLE_COMPLAINTS: &[(&str, &str, &str)] = &[
    ("TILLBRIDGE__RETRY__FIRST", "1x", "TILLBRIDGE__RETRY__FIRST: retry.first: \"1x\" is not a duration; write 30s, 5m, 2h"),
    ("TILLBRIDGE__RETRY__FRIST", "1s", "TILLBRIDGE__RETRY__FRIST: retry.frist: unknown key; did you mean retry.first?"),
    ("TILLBRIDGE__RETRY", "1s", "TILLBRIDGE__RETRY: retry: is text, and a table is expected"),
    ("TILLBRIDGE__SERVER__LISTEN__PORT", "1", "TILLBRIDGE__SERVER__LISTEN__PORT: server.listen.port: server.listen is not a table"),
    (
        "TILLBRIDGE__CONNECTIONS__ID",
        "a",
        "TILLBRIDGE__CONNECTIONS__ID: connections.id: connections is a list; write an index, from 0, in place of id",
    ),
    (
        "TILLBRIDGE__CONNECTIONS__2__ID",
        "a",
        "TILLBRIDGE__CONNECTIONS__2__ID: connections[2].id: leaves a gap; the next index of connections is 1",
    ),
    (
        "TILLBRIDGE__CONNECTIONS__0__X_SERIES__AUTH__TOKEN",
        "",
        "TILLBRIDGE__CONNECTIONS__0__X_SERIES__AUTH__TOKEN: connections[0].x_series.auth.token: is empty; write the secret, file:PATH or env:NAME",
    ),
    (
        "TILLBRIDGE__SERVER__",
        "a",
        "TILLBRIDGE__SERVER__: server.: unknown key; the keys here are body_limit, drain, header_timeout, listen, max_connections, metrics_listen, public_url, request_timeout",
    ),
];

#[test]
fn problems_of_the_environment_name_the_variable() {
    for (name, value, expected) in VARIABLE_COMPLAINTS {
        assert_eq!(complaint(SMALLEST, &[(name, value)]), *expected, "for {name}");
    }
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_file() {
    let said = complaint(
        "[retry]\nmax = \"soon\"\nattempts = \"many\"\n[server]\nlisten = 1\nport = 2\n",
        &[("TILLBRIDGE__POLL__OVERLAP", "-1s"), ("TILLBRIDGE_URL", "not ours")],
    );
    let expected = [
        "tillbridge.toml:2:7: retry.max: \"soon\" is not a duration; write 30s, 5m, 2h",
        "tillbridge.toml:3:12: retry.attempts: \"many\" is not a whole number from 1 to 1000",
        "tillbridge.toml:5:10: server.listen: 1 is not an address; write host:port, such as 127.0.0.1:8080",
        "tillbridge.toml:6:1: server.port: unknown key; the keys here are body_limit, drain, header_timeout, listen, max_connections, metrics_listen, public_url, request_timeout",
        "TILLBRIDGE__POLL__OVERLAP: poll.overlap: \"-1s\" is not a duration; write 30s, 5m, 2h",
    ];
    assert_eq!(said, expected.join("\n"));
}

#[test]
fn text_that_is_not_toml_is_told_with_line_and_column_and_without_the_line() {
    let said = complaint("[server]\nlisten = \"127.0.0.1:80\"\ntoken = hunter2\n", &[]);
    assert!(said.starts_with("tillbridge.toml:3:9: "), "{said}");
    assert!(!said.contains("hunter2") && said.lines().count() == 1, "{said}");
}

#[test]
fn columns_count_characters_and_a_twice_written_key_is_a_problem() {
    assert_eq!(
        complaint("log = { filter = \"ä\", fromat = 1 }", &[]),
        "tillbridge.toml:1:23: log.fromat: unknown key; did you mean log.format?"
    );
    assert_eq!(complaint("[log]\nfilter = \"info\"\nfilter = \"info\"\n", &[]), "tillbridge.toml:3:1: duplicate key");
}
