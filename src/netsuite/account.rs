//! The account's id in its three spellings. The host has hyphens and lower case, the OAuth 1.0a realm and
//! `runtime.accountId` have underscores and upper case; mixing them up is answered with `INVALID_LOGIN`.

use std::fmt;

use thiserror::Error;

/// A NetSuite account: `1234567`, `1234567_SB1`, `TSTDRV1234567`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Account {
    realm: String,
}

/// The text is no account id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a NetSuite account id: it looks like 1234567 or 1234567_SB1")]
pub struct NotAnAccount(String);

impl Account {
    /// Reads an id in any spelling.
    pub fn parse(text: &str) -> Result<Self, NotAnAccount> {
        let realm = normal(text);
        let plain = realm.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let framed = realm.starts_with('_') || realm.ends_with('_');
        if realm.is_empty() || !plain || framed {
            return Err(NotAnAccount(text.to_owned()));
        }
        Ok(Self { realm })
    }

    /// `1234567_SB1`: the realm of OAuth 1.0a, and what SuiteScript calls `runtime.accountId`.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// `https://1234567-sb1.suitetalk.api.netsuite.com`, without a slash at its end.
    pub fn base_url(&self) -> String {
        format!("https://{}.suitetalk.api.netsuite.com", self.realm.to_ascii_lowercase().replace('_', "-"))
    }

    /// Whether another spelling means this account. A sandbox is not its production account.
    pub fn is(&self, other: &str) -> bool {
        normal(other) == self.realm
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.realm)
    }
}

fn normal(text: &str) -> String {
    text.trim().to_ascii_uppercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sandbox_has_its_own_host_and_realm_in_any_spelling() {
        for spelling in ["1234567_SB1", "1234567-sb1", " 1234567_sb1 "] {
            let account = Account::parse(spelling).unwrap();
            assert_eq!(account.realm(), "1234567_SB1");
            assert_eq!(account.base_url(), "https://1234567-sb1.suitetalk.api.netsuite.com");
            assert!(account.is("1234567-SB1"));
            assert!(!account.is("1234567"));
        }
        assert_eq!(Account::parse("TSTDRV123456").unwrap().base_url(), "https://tstdrv123456.suitetalk.api.netsuite.com");
    }

    #[test]
    fn what_cannot_be_a_host_is_refused() {
        for text in ["", " ", "_", "12/34", "evil.example.com", "1234567_", "12 34", "1234567@x"] {
            assert!(Account::parse(text).is_err(), "{text}");
        }
    }
}
