//! Token-based authentication: OAuth 1.0a (RFC 5849) with HMAC-SHA256. NetSuite takes no new integrations with it from
//! 2027.1; it is here for credentials that exist.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Sha256;

use crate::config::Secret;

/// RFC 3986's unreserved characters stay as they are; everything else, `!` and `:` too, is encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The four credentials, and the realm they belong to.
#[derive(Debug)]
pub(in crate::netsuite) struct TokenBased {
    pub(in crate::netsuite) realm: String,
    pub(in crate::netsuite) consumer_key: Secret,
    pub(in crate::netsuite) consumer_secret: Secret,
    pub(in crate::netsuite) token_id: Secret,
    pub(in crate::netsuite) token_secret: Secret,
}

impl TokenBased {
    /// The `Authorization` header of one request, as it is sent: to `url`, query included.
    pub(super) fn header(&self, method: &str, url: &reqwest::Url, nonce: &str, timestamp: i64) -> String {
        let timestamp = timestamp.to_string();
        let signature = STANDARD.encode(self.signature(method, url, nonce, &timestamp));
        let signed = self.parameters(nonce, &timestamp).into_iter().chain([("oauth_signature", signature.as_str())]);
        let all = [("realm", self.realm.as_str())].into_iter().chain(signed);
        let all: Vec<_> = all.map(|(name, value)| format!("{name}=\"{}\"", encode(value))).collect();
        format!("OAuth {}", all.join(", "))
    }

    /// Everything that is signed with the query. The realm is not, and a JSON body is not.
    fn parameters<'a>(&'a self, nonce: &'a str, timestamp: &'a str) -> [(&'static str, &'a str); 6] {
        [
            ("oauth_consumer_key", self.consumer_key.expose()),
            ("oauth_token", self.token_id.expose()),
            ("oauth_signature_method", "HMAC-SHA256"),
            ("oauth_timestamp", timestamp),
            ("oauth_nonce", nonce),
            ("oauth_version", "1.0"),
        ]
    }

    fn signature(&self, method: &str, url: &reqwest::Url, nonce: &str, timestamp: &str) -> Vec<u8> {
        let key = format!("{}&{}", encode(self.consumer_secret.expose()), encode(self.token_secret.expose()));
        let base = self.base_string(method, url, nonce, timestamp);
        // HMAC takes keys of any length; `new_from_slice` only fails for other kinds of MAC.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return Vec::new() };
        mac.update(base.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }

    /// RFC 5849, 3.4.1: method, address without query, and all parameters by their encoded name and value.
    fn base_string(&self, method: &str, url: &reqwest::Url, nonce: &str, timestamp: &str) -> String {
        let own = self.parameters(nonce, timestamp).into_iter().map(|(name, value)| (encode(name), encode(value)));
        let query = url.query_pairs().map(|(name, value)| (encode(&name), encode(&value)));
        let mut all: Vec<_> = own.chain(query).collect();
        all.sort_unstable();
        let all: Vec<_> = all.into_iter().map(|(name, value)| format!("{name}={value}")).collect();

        let mut address = url.clone();
        address.set_query(None);
        address.set_fragment(None);
        format!("{}&{}&{}", method.to_ascii_uppercase(), encode(address.as_str()), encode(&all.join("&")))
    }
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &str = "fjaLirsIcCGVZWzBX0pg";
    const TIMESTAMP: i64 = 1_508_242_306;

    /// The documented sample credentials (`section_1534941088` of NetSuite's help); they open nothing.
    fn sample() -> TokenBased {
        TokenBased {
            realm: "123456".to_owned(),
            consumer_key: Secret::new("ef40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4"),
            consumer_secret: Secret::new("d26ad321a4b2f23b0741c8d38392ce01c3e23e109df6c96eac6d099e9ab9e8b5"),
            token_id: Secret::new("2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc"),
            token_secret: Secret::new("c29a677df7d5439a458c063654187e3d678d73aca8e3c9d8bea1478a3eb0d295"),
        }
    }

    fn signature(method: &str, url: &str) -> String {
        STANDARD.encode(sample().signature(method, &url.parse().unwrap(), NONCE, &TIMESTAMP.to_string()))
    }

    #[test]
    fn the_published_example_is_reproduced() {
        let url = "https://123456.suitetalk.api.netsuite.com/services/rest/record/v1/employee/40";
        assert_eq!(signature("GET", url), "B5OIWznZ2YP0OB7VrJrGkYsTh+8H+5T9Hag+o92q0zY=");
        assert_eq!(
            sample().base_string("GET", &url.parse().unwrap(), NONCE, "1508242306"),
            "GET&https%3A%2F%2F123456.suitetalk.api.netsuite.com%2Fservices%2Frest%2Frecord%2Fv1%2Femployee%2F40&\
             oauth_consumer_key%3Def40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4\
             %26oauth_nonce%3DfjaLirsIcCGVZWzBX0pg%26oauth_signature_method%3DHMAC-SHA256%26oauth_timestamp%3D1508242306\
             %26oauth_token%3D2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc%26oauth_version%3D1.0"
        );
    }

    /// Values computed with another implementation (Python's oauthlib).
    #[test]
    fn transforms_external_ids_queries_and_ports_are_signed_as_they_are_sent() {
        let base = "https://123456.suitetalk.api.netsuite.com/services/rest";
        for (method, url, expected) in [
            ("POST", format!("{base}/record/v1/salesOrder/766/!transform/itemFulfillment"), "bHNzmxbBKnIN9OvqLplPLz0FQkAlfYx1RTJppPRK/q0="),
            ("GET", format!("{base}/record/v1/itemFulfillment/eid:tb-if-766-1"), "RdNoH1WlhpdbQkE3hRZ3Oaig8PUttjfMg9pU6pHN0WE="),
            ("GET", format!("{base}/record/v1/salesOrder/766?expandSubResources=true"), "Iy5Ht7hIlCCl/krLCL3yd9VhKvpLamgLXuNkQWGv7zo="),
            ("POST", format!("{base}/query/v1/suiteql?limit=1000&offset=2000"), "CLdciYVYhr/AqfkJ9kHpaYGsK7kzm8VkkfI+HzW85KM="),
            ("GET", format!("{base}/record/v1/salesOrder?q=memo%20IS%20%22a%20b%26c%22&limit=5"), "ODdGIdPlkV94pbR/v/jJe23A5ayTBXQEYPEBM34IZOA="),
            (
                "POST",
                "https://123456.restlets.api.netsuite.com/app/site/hosting/restlet.nl?script=6&deploy=1&customParam=someValue&testParam=someOtherValue".to_owned(),
                "+KK4SKNgz4ZiILGLwOMtfYlgcXSy1eis8ldE9X90azQ=",
            ),
            ("GET", "http://127.0.0.1:9101/services/rest/record/v1/salesOrder/766?expandSubResources=true".to_owned(), "SERGZlGfSaFiXJN0oVmsQASaGAFE+D0imkUR5BwbYcY="),
        ] {
            assert_eq!(signature(method, &url), expected, "{method} {url}");
        }
    }

    #[test]
    fn the_header_names_the_realm_and_encodes_the_signature() {
        let tba = TokenBased { realm: "1234567_SB1".to_owned(), ..sample() };
        let url = "https://123456.suitetalk.api.netsuite.com/services/rest/record/v1/employee/40".parse().unwrap();
        let header = tba.header("get", &url, NONCE, TIMESTAMP);
        assert!(header.starts_with("OAuth realm=\"1234567_SB1\", oauth_consumer_key=\"ef40"), "{header}");
        assert!(header.contains(", oauth_timestamp=\"1508242306\", oauth_nonce=\"fjaLirsIcCGVZWzBX0pg\", oauth_version=\"1.0\""));
        assert!(header.ends_with(", oauth_signature=\"B5OIWznZ2YP0OB7VrJrGkYsTh%2B8H%2B5T9Hag%2Bo92q0zY%3D\""), "{header}");
        assert!(!format!("{tba:?}").contains("ef40afdd"));
    }
}
