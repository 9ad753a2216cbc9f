//! Signed callbacks of 4 KB, each of its own sales order.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

/// The account that the callbacks are of.
pub const ACCOUNT: &str = "1234567_SB1";
/// What they are signed with.
pub const KEY: &[u8] = b"a key of the bench, of 32 bytes.";
/// How long a body is.
const LENGTH: usize = 4096;
/// What fills most of it: lines of the order, as a script may send them along.
const LINE: &str = r#"{"item":"1432","quantity":2,"rate":19.95,"taxcode":"7","location":"3","description":"Scarf, grey"},"#;

/// Makes whole requests, ready to be written to a socket.
#[derive(Debug, Clone)]
pub struct Callbacks {
    path: String,
    /// What tells this run's ids from another's.
    run: u64,
    timestamp: i64,
    mac: Hmac<Sha256>,
    lines: String,
}

impl Callbacks {
    /// Callbacks to a path, signed at a time. `run`, from 1 on, keeps the ids of several runs on one database apart.
    pub fn new(path: &str, run: u64, now: Timestamp) -> Result<Self, hmac::digest::InvalidLength> {
        let mac = Hmac::<Sha256>::new_from_slice(KEY)?;
        Ok(Self { path: path.to_owned(), run, timestamp: now.as_second(), mac, lines: LINE.repeat(LENGTH / LINE.len()) })
    }

    /// The request of a number: head and body.
    pub fn request(&self, number: u64) -> Vec<u8> {
        let id = format!("ns_salesorder_{}_edit_mib0q1x2k3f8a9c1", self.record(number));
        let body = self.body(number);
        let mut request = format!(
            "POST {} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {}\r\nwebhook-id: {id}\r\n\
             webhook-timestamp: {}\r\nwebhook-signature: v1,{}\r\n\r\n",
            self.path,
            body.len(),
            self.timestamp,
            self.signature(&id, body.as_bytes()),
        );
        request.push_str(&body);
        request.into_bytes()
    }

    fn body(&self, number: u64) -> String {
        let mut body = String::with_capacity(LENGTH);
        // Writing to a String cannot fail.
        let _ = write!(
            body,
            r#"{{"type":"salesorder.edit","timestamp":"2026-11-23T01:02:03Z","data":{{"account_id":"{ACCOUNT}","record_type":"salesorder","record_id":"{}","tran_id":"SO{number}","event":"edit","execution_context":"USERINTERFACE","user_id":"12","created_from":null,"last_modified":"2026-11-23T01:02:02Z","lines":["#,
            self.record(number),
        );
        let (after_lines, end) = (r#"],"memo":""#, r#""}}"#);
        let rest = LENGTH.saturating_sub(body.len() + after_lines.len() + end.len());
        let lines = self.lines.get(..rest / LINE.len() * LINE.len()).unwrap_or_default();
        body.push_str(lines.trim_end_matches(','));
        body.push_str(after_lines);
        while body.len() + end.len() < LENGTH {
            body.push('.');
        }
        body.push_str(end);
        body
    }

    /// The internal id of a number's sales order: they rise, as NetSuite gives them.
    fn record(&self, number: u64) -> u64 {
        self.run * 1_000_000_000 + number
    }

    fn signature(&self, id: &str, body: &[u8]) -> String {
        let mut mac = self.mac.clone();
        mac.update(format!("{id}.{}.", self.timestamp).as_bytes());
        mac.update(body);
        STANDARD.encode(mac.finalize().into_bytes())
    }
}
