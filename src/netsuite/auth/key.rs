//! The private key of the certificate, out of a PEM file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey};
use thiserror::Error;

use crate::config::{JwtAlgorithm, Secret};

/// Why a private key cannot be used. The key itself is never part of the text.
#[derive(Debug, Error)]
pub enum KeyError {
    /// There is no `-----BEGIN …-----`.
    #[error("it is not a PEM file: it has no line -----BEGIN PRIVATE KEY-----")]
    NotPem,
    /// It is a certificate, a public key, a certificate request.
    #[error("it holds a {0}, not a private key")]
    WrongKind(String),
    /// It has a passphrase.
    #[error("it is protected by a passphrase; write it without one: openssl pkcs8 -topk8 -nocrypt -in KEY -out NEW")]
    Encrypted,
    /// It is damaged, or of another kind than the algorithm signs with.
    #[error("it does not fit {0}: PS256, PS384 and PS512 take an RSA key of 2048 bits or more, ES256 one on P-256, ES384 one on P-384")]
    DoesNotFit(&'static str, #[source] jsonwebtoken::errors::Error),
    /// The text between the markers is not base64.
    #[error("it is damaged: the text between its markers is not base64")]
    Damaged(#[source] base64::DecodeError),
}

/// The algorithm's name and its id in the JWT library.
pub(super) fn algorithm(algorithm: JwtAlgorithm) -> (&'static str, Algorithm) {
    match algorithm {
        JwtAlgorithm::ES256 => ("ES256", Algorithm::ES256),
        JwtAlgorithm::ES384 => ("ES384", Algorithm::ES384),
        JwtAlgorithm::PS256 => ("PS256", Algorithm::PS256),
        JwtAlgorithm::PS384 => ("PS384", Algorithm::PS384),
        JwtAlgorithm::PS512 => ("PS512", Algorithm::PS512),
    }
}

/// Reads the key, and signs once with it, so that a wrong one is found at the start and not at the first order.
pub(super) fn read(pem: &Secret, wanted: JwtAlgorithm) -> Result<EncodingKey, KeyError> {
    // Environment variables often carry the line ends as two characters.
    let pem = pem.expose().replace("\\n", "\n");
    let (name, id) = algorithm(wanted);
    let does_not_fit = |source| KeyError::DoesNotFit(name, source);
    let label = pem
        .lines()
        .filter_map(|line| line.trim().strip_prefix("-----BEGIN ")?.strip_suffix("-----"))
        .find(|label| *label != "EC PARAMETERS")
        .ok_or(KeyError::NotPem)?;
    let key = match label {
        "ENCRYPTED PRIVATE KEY" => return Err(KeyError::Encrypted),
        _ if pem.contains("Proc-Type: 4,ENCRYPTED") => return Err(KeyError::Encrypted),
        "EC PRIVATE KEY" => EncodingKey::from_ec_der(&pkcs8_of_sec1(&decode(&pem, label)?, wanted)),
        "PRIVATE KEY" | "RSA PRIVATE KEY" => match wanted {
            JwtAlgorithm::ES256 | JwtAlgorithm::ES384 => EncodingKey::from_ec_pem(pem.as_bytes()).map_err(does_not_fit)?,
            JwtAlgorithm::PS256 | JwtAlgorithm::PS384 | JwtAlgorithm::PS512 => {
                EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(does_not_fit)?
            }
        },
        other => return Err(KeyError::WrongKind(other.to_ascii_lowercase())),
    };
    jsonwebtoken::encode(&jsonwebtoken::Header::new(id), &serde_json::json!({}), &key).map_err(does_not_fit)?;
    Ok(key)
}

/// The bytes between the markers of the named part.
fn decode(pem: &str, label: &str) -> Result<Vec<u8>, KeyError> {
    let body = pem
        .split_once(&format!("-----BEGIN {label}-----"))
        .and_then(|(_, rest)| rest.split_once("-----END "))
        .map_or(String::new(), |(body, _)| body.split_whitespace().collect());
    STANDARD.decode(body).map_err(KeyError::Damaged)
}

/// Puts the key of `openssl ecparam -genkey` (SEC 1) into the frame (PKCS #8, RFC 5208) that the library reads.
fn pkcs8_of_sec1(sec1: &[u8], wanted: JwtAlgorithm) -> Vec<u8> {
    // AlgorithmIdentifier { id-ecPublicKey, curve }
    const P256: &[u8] = &[0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    const P384: &[u8] = &[0x30, 0x10, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0, 0x22];
    let curve = if wanted == JwtAlgorithm::ES384 { P384 } else { P256 };
    let version: &[u8] = &[2, 1, 0];
    tagged(0x30, &[version, curve, &tagged(4, sec1)].concat())
}

/// One DER element: tag, length, content.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut element = vec![tag];
    match (significant.as_slice(), u8::try_from(content.len())) {
        (_, Ok(short)) if short < 0x80 => element.push(short),
        (long, _) => {
            // A length has at most eight bytes.
            element.push(0x80 | u8::try_from(long.len()).unwrap_or(8));
            element.extend_from_slice(long);
        }
    }
    element.extend_from_slice(content);
    element
}
