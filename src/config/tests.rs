//! What a person sees when the configuration is wrong, and what it is when nothing is written.

use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::tree::{Node, Value};
use super::*;

mod complaints;

/// Made up; it only has a key's shape.
const PEM: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n";

/// A connection with nothing but what must be written; 8 lines.
const SMALLEST: &str = r#"[[connections]]
id = "acme-nz"
[connections.netsuite]
account_id = "1234567_SB1"
auth = { type = "oauth2_m2m", client_id = "0a1b", certificate_id = "2c3d", private_key = "env:PEM" }
[connections.x_series]
domain_prefix = "acme"
auth = { type = "personal_token", token = "t0ken" }
"#;

fn environment_with(variables: &[(&str, &str)]) -> Environment {
    let pem = [("PEM", PEM)];
    pem.iter().chain(variables).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn parse(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new("tillbridge.toml"), &environment_with(variables))
}

fn complaint(text: &str, variables: &[(&str, &str)]) -> String {
    match parse(text, variables) {
        Ok(config) => format!("accepted: {config:?}"),
        Err(error) => error.to_string(),
    }
}

/// The commented example at the end of the defaults, as a file of its own.
fn example() -> String {
    let lines = DEFAULTS.lines().skip_while(|line| *line != "# [[connections]]");
    lines.map(|line| line.trim_start_matches('#').trim_start()).collect::<Vec<_>>().join("\n")
}

#[test]
fn without_a_file_the_defaults_are_those_of_the_contract() {
    let config = parse("", &[]).unwrap();
    let (seconds, minutes) = (Duration::from_secs, Duration::from_mins);

    assert_eq!(config.server.listen, "127.0.0.1:8080");
    assert_eq!((config.server.public_url, config.server.metrics_listen), (None, None));
    assert_eq!(config.server.drain, seconds(10));
    assert_eq!((config.server.header_timeout, config.server.request_timeout), (seconds(5), seconds(10)));
    assert_eq!((config.server.body_limit, config.server.max_connections), (1_048_576, 1024));
    assert_eq!((config.database.url.as_str(), config.database.read_connections), ("sqlite://tillbridge.db", 4));
    assert_eq!((config.worker.lease, config.worker.orders_at_once, config.worker.poll), (minutes(5), 16, seconds(1)));
    assert_eq!((config.retry.first, config.retry.max, config.retry.attempts), (seconds(1), minutes(15), 12));
    assert_eq!(config.retry.recheck, minutes(15));
    assert_eq!((config.poll.x_series_interval, config.poll.netsuite_interval), (minutes(1), minutes(1)));
    assert_eq!((config.poll.overlap, config.poll.netsuite_lag, config.poll.page_size), (minutes(5), seconds(10), 200));
    assert_eq!((config.net.x_series_timeout, config.net.netsuite_timeout), (seconds(30), minutes(2)));
    assert_eq!((config.net.debounce, config.net.permit_wait, config.net.reference_age), (seconds(2), seconds(2), minutes(5)));
    assert_eq!((config.log.filter.as_str(), config.log.format), ("info", LogFormat::Text));
    assert_eq!((config.keep.events, config.keep.passes), (Duration::from_hours(30 * 24), Duration::from_hours(90 * 24)));
    assert!(config.connections.is_empty());
}

#[test]
fn a_connection_needs_no_more_than_ids_and_credentials() {
    let config = parse(SMALLEST, &[]).unwrap();
    let [connection] = config.connections.as_slice() else { panic!("one connection") };

    assert_eq!(connection.id.as_str(), "acme-nz");
    assert_eq!(connection.netsuite.account_id, "1234567_SB1");
    assert_eq!((&connection.netsuite.base_url, &connection.x_series.base_url), (&None, &None));
    assert_eq!((connection.netsuite.concurrency, connection.netsuite.timezone.as_str()), (2, "Etc/UTC"));
    assert!(connection.netsuite.webhook_secrets.is_empty());
    assert!(matches!(&connection.netsuite.auth, NetSuiteAuth::OAuth2M2m { private_key, algorithm: JwtAlgorithm::ES256, .. }
        if private_key.expose() == PEM));
    assert_eq!((connection.x_series.api_version.as_str(), connection.x_series.registers), ("2026-07", 1));
    assert!(matches!(&connection.x_series.auth, XSeriesAuth::PersonalToken { token } if token.expose() == "t0ken"));
    assert!(matches!(&connection.x_series.webhook.verify, XSeriesVerify::Signature { secrets } if secrets.is_empty()));
    assert!(connection.x_series.webhook.subscribe && !connection.x_series.webhook.allow_payload_signature);
}

#[test]
fn the_example_connection_shows_every_default_as_it_is() {
    let example = example().replace("file:netsuite.pem", "env:PEM").replace("env:X_SERIES_TOKEN", "t0ken");
    let shown = parse(&example, &[]).unwrap();
    let smallest = parse(SMALLEST, &[]).unwrap();
    assert_eq!(format!("{:#?}", shown.connections), format!("{:#?}", smallest.connections));
}

#[test]
fn the_example_file_of_the_repository_can_be_used() {
    let text = include_str!("../../examples/tillbridge.toml").replace("file:netsuite.pem", "env:PEM");
    let secrets = [
        ("NETSUITE_WEBHOOK_SECRET", "whsec_c2l4dGVlbiBieXRlcyBsb25nIGtleQ=="),
        ("X_SERIES_TOKEN", "t0ken"),
        ("X_SERIES_CLIENT_SECRET", "s3cret"),
    ];
    let config = parse(&text, &secrets).unwrap();
    assert_eq!(config.warnings(), Vec::<String>::new());
    assert_eq!(config.connections.len(), 1);
}

#[test]
fn the_other_kinds_of_credentials_are_read_too() {
    let text = r#"
        [[connections]]
        id = "acme"
        netsuite = { account_id = "TSTDRV12", auth = { type = "tba", consumer_key = "a", consumer_secret = "b", token_id = "c", token_secret = "d" } }
        [connections.x_series]
        domain_prefix = "acme"
        auth = { type = "oauth2", client_id = "e", client_secret = "f" }
        webhook = { verify = "path_token", token = "g", subscribe = false }
    "#;
    let config = parse(text, &[]).unwrap();
    let [connection] = config.connections.as_slice() else { panic!("one connection") };
    assert!(matches!(&connection.netsuite.auth, NetSuiteAuth::Tba { consumer_key, token_secret, .. }
        if (consumer_key.expose(), token_secret.expose()) == ("a", "d")));
    assert!(matches!(&connection.x_series.auth, XSeriesAuth::OAuth2 { client_id, .. } if client_id == "e"));
    assert!(matches!(&connection.x_series.webhook, XSeriesWebhook { verify: XSeriesVerify::PathToken { .. }, subscribe: false, .. }));
}

#[test]
fn the_environment_lies_over_the_file_and_the_file_over_the_defaults() {
    let text = "[retry]\nfirst = \"2s\"\nattempts = 3\n[server]\nlisten = \"0.0.0.0:80\"";
    let config = parse(text, &[("TILLBRIDGE__RETRY__ATTEMPTS", "5"), ("TILLBRIDGE__LOG", r#"{ format = "json" }"#)]).unwrap();
    assert_eq!((config.retry.first, config.retry.attempts, config.retry.max), (Duration::from_secs(2), 5, Duration::from_mins(15)));
    assert_eq!((config.log.format, config.log.filter.as_str()), (LogFormat::Json, "info"));
    assert_eq!(config.server.listen, "0.0.0.0:80");
}

#[test]
fn a_whole_connection_can_come_from_the_environment_and_digits_stay_text_where_text_is_meant() {
    let config = parse(
        "",
        &[
            ("TILLBRIDGE__CONNECTIONS__0__ID", "42"),
            ("TILLBRIDGE__CONNECTIONS__0__NETSUITE__ACCOUNT_ID", "1234567"),
            ("TILLBRIDGE__CONNECTIONS__0__NETSUITE__WEBHOOK_SECRETS__0", "whsec_AAEC"),
            ("TILLBRIDGE__CONNECTIONS__0__NETSUITE__CONCURRENCY", "5"),
            ("TILLBRIDGE__CONNECTIONS__0__NETSUITE__AUTH__TYPE", "oauth2_m2m"),
            ("TILLBRIDGE__CONNECTIONS__0__NETSUITE__AUTH__CLIENT_ID", "0x12"),
            ("TILLBRIDGE__CONNECTIONS__0__NETSUITE__AUTH__CERTIFICATE_ID", "\"quoted\""),
            ("TILLBRIDGE__CONNECTIONS__0__NETSUITE__AUTH__PRIVATE_KEY", PEM),
            ("TILLBRIDGE__CONNECTIONS__0__X_SERIES__DOMAIN_PREFIX", "acme"),
            ("TILLBRIDGE__CONNECTIONS__0__X_SERIES__AUTH", r#"{ type = "personal_token", token = "t0ken" }"#),
            ("TILLBRIDGE__CONNECTIONS__0__X_SERIES__WEBHOOK__SECRETS", "1e5"),
        ],
    )
    .unwrap();
    let [connection] = config.connections.as_slice() else { panic!("one connection") };
    assert_eq!((connection.id.as_str(), connection.netsuite.account_id.as_str()), ("42", "1234567"));
    assert_eq!((connection.netsuite.concurrency, connection.netsuite.webhook_secrets.len()), (5, 1));
    assert!(matches!(&connection.netsuite.auth, NetSuiteAuth::OAuth2M2m { client_id, certificate_id, .. }
        if (client_id.as_str(), certificate_id.as_str()) == ("0x12", "quoted")));
    assert!(matches!(&connection.x_series.webhook.verify, XSeriesVerify::Signature { secrets }
        if secrets.first().map(Secret::expose) == Some("1e5")));
}

#[test]
fn a_variable_changes_one_key_of_a_connection_in_the_file() {
    let config = parse(SMALLEST, &[("TILLBRIDGE__CONNECTIONS__0__X_SERIES__BASE_URL", "http://127.0.0.1:9102/")]).unwrap();
    let base_urls: Vec<_> = config.connections.iter().map(|connection| connection.x_series.base_url.as_deref()).collect();
    assert_eq!(base_urls, [Some("http://127.0.0.1:9102")]);
}

#[test]
fn secrets_come_from_files_beside_the_configuration_without_the_lines_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tillbridge.toml");
    std::fs::write(folder.path().join("token"), "t0ken\r\n").unwrap();
    std::fs::write(folder.path().join("netsuite.pem"), PEM).unwrap();
    std::fs::write(folder.path().join("empty"), "\n").unwrap();
    let text = SMALLEST.replace("\"t0ken\"", "\"file:token\"").replace("env:PEM", "file:netsuite.pem");

    std::fs::write(&file, &text).unwrap();
    let config = Config::load(Some(&file), &Environment::new()).unwrap();
    let token = config.connections.first().map(|connection| &connection.x_series.auth);
    assert!(matches!(token, Some(XSeriesAuth::PersonalToken { token }) if token.expose() == "t0ken"));

    std::fs::write(&file, text.replace("file:token", "file:empty")).unwrap();
    let error = Config::load(Some(&file), &Environment::new()).unwrap_err().to_string();
    let (at, empty) = (file.display(), folder.path().join("empty"));
    assert_eq!(error, format!("{at}:8:43: connections[0].x_series.auth.token: the file {} is empty", empty.display()));
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("other.toml");
    let error = Config::load(Some(&missing), &Environment::new()).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot read the configuration {}", missing.display()));
    assert!(matches!(error, ConfigError::Read { source, .. } if source.kind() == ErrorKind::NotFound));
}

#[test]
fn keys_that_cannot_be_private_keys_are_told_apart() {
    let wrap = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
    let said = |label: &str| values::private_key(&wrap(label)).err().unwrap_or_default();
    assert_eq!(said("PRIVATE KEY") + &said("EC PRIVATE KEY") + &said("RSA PRIVATE KEY"), "");
    assert_eq!(said("ENCRYPTED PRIVATE KEY"), "is encrypted; write it without a passphrase: openssl pkcs8 -topk8 -nocrypt");
    assert_eq!(said("CERTIFICATE"), "holds a certificate; the private key that belongs to it is needed");
    assert_eq!(said("PUBLIC KEY"), "holds a public key; the private key that belongs to it is needed");
}

#[test]
fn connections_are_required_only_where_they_are_needed() {
    let error = parse("", &[]).unwrap().require_connections().unwrap_err().to_string();
    assert_eq!(error, "the configuration has no [[connections]]; add one (config.default.toml shows every key) or try `tillbridge demo`");
    assert!(parse(SMALLEST, &[]).unwrap().require_connections().is_ok());
}

#[test]
fn what_is_likely_not_meant_is_a_warning() {
    let short = [("TILLBRIDGE__WORKER__LEASE", "5s"), ("TILLBRIDGE__CONNECTIONS__0__NETSUITE__WEBHOOK_SECRETS", "whsec_AAEC")];
    assert_eq!(
        parse(SMALLEST, &short).unwrap().warnings(),
        [
            "worker.lease (5s) is not longer than server.drain (10s): an order may move to another worker before its call ends",
            "worker.lease (5s) is not longer than net.netsuite_timeout (2m): an order may move to another worker before its call ends",
            "connection acme-nz: a secret in netsuite.webhook_secrets has fewer than 16 bytes",
        ]
    );
    let none = "connection acme-nz: no netsuite.webhook_secrets, so NetSuite callbacks are refused";
    assert_eq!(parse(SMALLEST, &[]).unwrap().warnings(), [none]);
}

#[test]
fn the_debug_form_shows_no_secret() {
    let text = SMALLEST.replace("t0ken", "hunter2");
    let variables = [("TILLBRIDGE__DATABASE__URL", "postgres://till:hunter2@db/till")];
    let config = parse(&text, &variables).unwrap();
    assert_eq!(config.database.url, "postgres://till:hunter2@db/till");
    let shown = format!("{config:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("PRIVATE KEY"), "{shown}");
}

/// Every key of the tree, from the top.
fn keys(node: &Node, path: &str, found: &mut Vec<String>) {
    match &node.value {
        Value::Table(table) => {
            for (key, entry) in table {
                keys(&entry.node, &if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, found);
            }
        }
        Value::List(list) if !list.is_empty() => list.iter().for_each(|node| keys(node, path, found)),
        _ => found.push(path.to_owned()),
    }
}

#[test]
fn the_documentation_names_every_key() {
    let mut found = Vec::new();
    for text in [DEFAULTS, &example()] {
        keys(&tree::parse("", text).unwrap(), "", &mut found);
    }
    assert!(found.len() > 40, "{found:?}");
    let documentation = include_str!("../../docs/CONFIGURATION.md");
    let missing: Vec<_> = found.iter().filter(|key| !documentation.contains(&format!("`{key}`"))).collect();
    assert!(missing.is_empty(), "docs/CONFIGURATION.md does not name {missing:?}");
}

#[test]
fn every_key_of_the_defaults_has_a_comment() {
    let keys = DEFAULTS.lines().filter(|line| line.contains(" = ") && !line.starts_with('#'));
    let bare: Vec<_> = keys.filter(|line| !line.contains(" # ")).collect();
    assert!(bare.is_empty(), "without a comment: {bare:?}");
}

#[test]
fn deep_nesting_is_refused_or_unknown_but_never_a_crash() {
    for text in [format!("{}a = 1", "a.".repeat(2_000)), format!("a = {}", "[".repeat(2_000)), format!("a = {}", "{a=".repeat(2_000))] {
        assert!(parse(&text, &[("TILLBRIDGE__LOG", &text)]).is_err());
    }
}

#[test]
fn durations_are_written_as_they_are_read() {
    for text in ["500ms", "30s", "5m", "2h", "1d", "90s"] {
        assert_eq!(values::duration(text).map(values::in_words), Some(text.to_owned()));
    }
    assert_eq!(values::duration("1h30m"), Some(Duration::from_mins(90)));
    for text in ["", "5", "s", "-1s", "1.5h", "5 m", "5M", "1h30", "99999999999999999999s", "3651d"] {
        assert_eq!(values::duration(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(?s).{0,200}", name in "[A-Z0-9_]*", value in "(?s).*") {
        let variable = format!("TILLBRIDGE__{name}");
        let read = parse(&text, &[(&variable, &value)]);
        prop_assert!(!matches!(read, Err(ConfigError::Unexplained)));
    }

    #[test]
    fn no_value_under_a_known_key_makes_it_panic(
        key in proptest::sample::select(vec!["server", "server.listen", "retry.first", "worker.lease", "log.filter", "connections", "database.url"]),
        value in prop_oneof![Just("{}".to_owned()), Just("[{}]".to_owned()), Just("[[]]".to_owned()), "[0-9a-z\"'{}\\[\\]=,. ]{0,12}"],
    ) {
        let read = parse(&format!("{key} = {value}"), &[]);
        prop_assert!(!matches!(read, Err(ConfigError::Unexplained)));
    }

    #[test]
    fn every_whole_duration_is_read_back_as_written(millis in 1_u64..300_000_000_000) {
        let duration = Duration::from_millis(millis);
        prop_assert_eq!(values::duration(&values::in_words(duration)), Some(duration));
    }
}
