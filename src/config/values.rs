//! The forms of single values: durations, addresses, names, secrets.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::sections::Environment;

/// Longer than anything that is meant, and short enough that no sum of times leaves the calendar.
const LONGEST: Duration = Duration::from_hours(24 * 3650);

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// `500ms`, `30s`, `5m`, `2h`, `1d`, and sums such as `1h30m`; ten years at most.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut millis = 0_u64;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (digits, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let (unit, after) = after.split_at(after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len()));
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
        millis = millis.checked_add(digits.parse::<u64>().ok()?.checked_mul(*factor)?)?;
        rest = after;
    }
    Some(Duration::from_millis(millis)).filter(|duration| *duration <= LONGEST)
}

/// A duration as it is written: in the largest unit that holds it whole.
pub(super) fn in_words(duration: Duration) -> String {
    let millis = duration.as_millis();
    let unit = UNITS.iter().rev().find(|(_, factor)| millis >= u128::from(*factor) && millis.is_multiple_of(u128::from(*factor)));
    unit.map_or_else(|| format!("{millis}ms"), |(name, factor)| format!("{}{name}", millis / u128::from(*factor)))
}

/// `host:port`; the host may be a name, an IPv4 address, or an IPv6 address in brackets.
pub(super) fn host_and_port(text: &str) -> Option<String> {
    let (host, port) = text.rsplit_once(':')?;
    port.parse::<u16>().ok()?;
    let named = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    (named || text.parse::<std::net::SocketAddr>().is_ok()).then(|| text.to_owned())
}

/// An `http://` or `https://` address without query; a trailing slash is taken off, as paths are put behind it.
pub(super) fn web_address(text: &str) -> Option<String> {
    let uri: ::http::Uri = text.parse().ok()?;
    let with_host = uri.host().is_some_and(|host| !host.is_empty());
    let of_the_web = matches!(uri.scheme_str(), Some("http" | "https"));
    (of_the_web && with_host && uri.query().is_none() && !text.contains('#')).then(|| text.trim_end_matches('/').to_owned())
}

/// `[a-z0-9-]`, 1 to 64 of them: it stands in webhook addresses.
pub(super) fn connection_id(text: &str) -> Option<String> {
    let good = (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    good.then(|| text.to_owned())
}

/// `1234567`, `1234567_SB1`, `1234567_RP`, `TSTDRV123456`: the form with the underscore, which OAuth's realm wants.
pub(super) fn account_id(text: &str) -> Option<String> {
    let good = text.split('_').all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric()));
    (good && text.len() <= 64).then(|| text.to_owned())
}

/// The retailer's part of the host name.
pub(super) fn domain_prefix(text: &str) -> Option<String> {
    let good = (1..=63).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    good.then(|| text.to_owned())
}

/// A date version, `2026-07`.
pub(super) fn api_version(text: &str) -> Option<String> {
    let (year, month) = text.split_once('-')?;
    let digits = |part: &str, count| part.len() == count && part.chars().all(|c| c.is_ascii_digit());
    (digits(year, 4) && digits(month, 2)).then(|| text.to_owned())
}

/// An IANA time zone's name.
pub(super) fn timezone(text: &str) -> Option<String> {
    jiff::tz::TimeZone::get(text).is_ok().then(|| text.to_owned())
}

/// A filter of log lines that `tracing` can read.
pub(super) fn log_filter(text: &str) -> Option<String> {
    text.parse::<tracing_subscriber::filter::Targets>().is_ok().then(|| text.to_owned())
}

/// A secret's text: itself, from `env:NAME`, or from `file:PATH` without the line's end. The error never shows the text.
pub(super) fn resolve(text: &str, environment: &Environment, folder: &Path) -> Result<String, String> {
    if let Some(name) = text.strip_prefix("env:") {
        let value = environment.get(name).ok_or_else(|| format!("the environment variable {name} is not set"))?;
        return if value.is_empty() { Err(format!("the environment variable {name} is empty")) } else { Ok(value.clone()) };
    }
    if let Some(path) = text.strip_prefix("file:") {
        let path = folder.join(path);
        let value = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => format!("there is no file {}", path.display()),
            _ => format!("cannot read {}: {error}", path.display()),
        })?;
        let value = value.trim_end_matches(['\r', '\n']);
        return if value.is_empty() { Err(format!("the file {} is empty", path.display())) } else { Ok(value.to_owned()) };
    }
    if text.is_empty() { Err("is empty; write the secret, file:PATH or env:NAME".to_owned()) } else { Ok(text.to_owned()) }
}

/// The key of a Standard Webhooks secret: `whsec_` and base64, with or without its padding.
pub(super) fn webhook_key(secret: &str) -> Option<Vec<u8>> {
    const ENGINE: GeneralPurpose =
        GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));
    ENGINE.decode(secret.strip_prefix("whsec_")?).ok().filter(|key| !key.is_empty())
}

/// A secret for NetSuite's callbacks.
pub(super) fn webhook_secret(secret: &str) -> Result<(), String> {
    match webhook_key(secret) {
        Some(_) => Ok(()),
        None if secret.starts_with("whsec_") => Err("what follows whsec_ is not base64".to_owned()),
        None => Err("does not start with whsec_; a secret is whsec_ and 24 or more random bytes in base64".to_owned()),
    }
}

/// A private key in PEM, as far as can be seen without using it.
pub(super) fn private_key(pem: &str) -> Result<(), String> {
    let holds = |label: &str| pem.contains(&format!("-----BEGIN {label}-----")) && pem.contains(&format!("-----END {label}-----"));
    if holds("PRIVATE KEY") || holds("EC PRIVATE KEY") || holds("RSA PRIVATE KEY") {
        return Ok(());
    }
    Err(match () {
        () if holds("ENCRYPTED PRIVATE KEY") => "is encrypted; write it without a passphrase: openssl pkcs8 -topk8 -nocrypt",
        () if holds("CERTIFICATE") => "holds a certificate; the private key that belongs to it is needed",
        () if holds("PUBLIC KEY") => "holds a public key; the private key that belongs to it is needed",
        () => "is not a private key in PEM; it starts with -----BEGIN PRIVATE KEY-----",
    }
    .to_owned())
}

/// A database's address.
pub(super) fn database_url(url: &str) -> Result<(), String> {
    if ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Ok(());
    }
    Err("is not a database's address; write sqlite://tillbridge.db or postgres://user:password@host/database".to_owned())
}

/// The token at the end of a webhook's address: it must fit one step of a path as it is.
pub(super) fn path_token(token: &str) -> Result<(), String> {
    if token.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~')) {
        return Ok(());
    }
    Err("does not fit an address; write letters, digits, - and _".to_owned())
}
