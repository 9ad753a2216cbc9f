//! A sandbox with somebody who calls it: requests, tokens and signatures, written apart from the clients.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, RequestBuilder, Response};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sha2::Sha256;
use tillbridge::clock::Clock;
use tillbridge::sandbox::config::DEFAULT_PRIVATE_KEY_PEM;
use tillbridge::sandbox::{NewSalesOrder, Sandbox, SandboxConfig};
use uuid::Uuid;

pub const AUDIENCE: &str = "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token";
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A running sandbox, a clock to move, and a client.
pub struct World {
    pub sandbox: Sandbox,
    pub clock: Clock,
    pub http: reqwest::Client,
    token: tokio::sync::OnceCell<String>,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Answer {
    async fn of(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self { status, headers, body }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The id at the end of `Location`.
    pub fn made(&self) -> u64 {
        assert_eq!(self.status, 204, "{self:?}");
        self.header("location").rsplit('/').next().unwrap().parse().unwrap()
    }

    /// Status, `o:errorCode` and `detail` of a NetSuite error.
    pub fn error(&self) -> (u16, &str, &str) {
        let detail = &self.body["o:errorDetails"][0];
        (self.status, detail["o:errorCode"].as_str().unwrap_or_default(), detail["detail"].as_str().unwrap_or_default())
    }

    /// Asserts a NetSuite error by status, code and a part of its text.
    #[track_caller]
    pub fn refuses(&self, status: u16, code: &str, text: &str) {
        let (seen_status, seen_code, seen_text) = self.error();
        assert!(seen_status == status && seen_code == code && seen_text.contains(text), "expected {status} {code} {text:?}: {self:?}");
        assert!(self.header("content-type").contains("type=error"), "{self:?}");
    }

    /// Asserts an X-Series error by status and a part of its body.
    #[track_caller]
    pub fn denies(&self, status: u16, text: &str) {
        assert!(self.status == status && self.body.to_string().contains(text), "expected {status} {text:?}: {self:?}");
    }
}

pub fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub fn client() -> reqwest::Client {
    #[expect(clippy::disallowed_methods, reason = "tests of the sandbox use none of the crate's own clients")]
    let builder = reqwest::Client::builder();
    builder.user_agent("sandbox-tests").timeout(Duration::from_secs(10)).no_proxy().build().unwrap()
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A sandbox whose configuration was changed first.
    pub async fn with(change: impl FnOnce(&mut SandboxConfig)) -> Self {
        let mut config = SandboxConfig::default();
        change(&mut config);
        let clock = Clock::manual("2026-11-23T01:02:03Z".parse().unwrap());
        let sandbox = Sandbox::start(config, clock.clone()).await.unwrap();
        Self { sandbox, clock, http: client(), token: tokio::sync::OnceCell::new() }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// An approved order of merino scarves (5) and day packs (2) for Ponsonby.
    pub fn order(&self) -> u64 {
        let new =
            NewSalesOrder::of("Aroha Ngata", "Ponsonby", [("SCARF-MERINO", dec("5"), dec("43.04")), ("PACK-20L", dec("2"), dec("121.74"))]);
        self.sandbox.netsuite().create_sales_order(&new).unwrap()
    }

    /// An approved order of one SKU.
    pub fn order_of(&self, sku: &'static str, quantity: &str) -> u64 {
        let new = NewSalesOrder::of("Aroha Ngata", "Ponsonby", [(sku, dec(quantity), dec("10"))]);
        self.sandbox.netsuite().create_sales_order(&new).unwrap()
    }

    /// The line keys of an order.
    pub fn lines(&self, order: u64) -> Vec<i64> {
        self.sandbox.netsuite().sales_order(order).unwrap().lines.iter().map(|line| line.line).collect()
    }

    pub fn ponsonby(&self) -> u64 {
        self.sandbox.netsuite().location_id("Ponsonby").unwrap()
    }

    pub fn status(&self, order: u64) -> char {
        self.sandbox.netsuite().status(order).unwrap()
    }

    /// Claims of a good assertion, as of now.
    pub fn claims(&self) -> Value {
        let now = self.now().as_second();
        json!({ "iss": "sandbox-client", "scope": ["rest_webservices"], "aud": AUDIENCE, "iat": now, "exp": now + 300, "jti": Uuid::new_v4() })
    }

    /// Exchanges an assertion of these claims.
    pub async fn exchange(&self, claims: &Value) -> Answer {
        let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::ES256);
        header.kid = Some("sandbox-certificate".to_owned());
        let key = jsonwebtoken::EncodingKey::from_ec_pem(DEFAULT_PRIVATE_KEY_PEM.as_bytes()).unwrap();
        self.exchange_assertion(&jsonwebtoken::encode(&header, claims, &key).unwrap()).await
    }

    pub async fn exchange_assertion(&self, assertion: &str) -> Answer {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion),
        ];
        let url = format!("{}/services/rest/auth/oauth2/v1/token", self.sandbox.netsuite_url());
        Answer::of(self.http.post(url).form(&form).send().await.unwrap()).await
    }

    pub async fn token(&self) -> String {
        let exchange = || async {
            let answer = self.exchange(&self.claims()).await;
            answer.body["access_token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
        };
        self.token.get_or_init(exchange).await.clone()
    }

    /// A NetSuite request with a good token.
    pub async fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/services/rest{path}", self.sandbox.netsuite_url());
        self.http.request(method, url).bearer_auth(self.token().await)
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::of(request.send().await.unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).await).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.strictly(Method::POST, path, body).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.strictly(Method::PATCH, path, body).await
    }

    async fn strictly(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.request(method, path).await;
        self.send(request.header("x-netsuite-propertynamevalidation", "Error").json(body)).await
    }

    pub async fn transform(&self, order: u64, target: &str, body: &Value) -> Answer {
        self.post(&format!("/record/v1/salesOrder/{order}/!transform/{target}"), body).await
    }

    /// Ships these lines (key, quantity) of an order from Ponsonby.
    pub async fn ship(&self, order: u64, lines: &[(i64, i64)]) -> Answer {
        let location = self.ponsonby().to_string();
        let all = self.lines(order);
        let row = |line: &i64| match lines.iter().find(|(key, _)| key == line) {
            Some((_, quantity)) => json!({ "orderLine": line, "itemReceive": true, "quantity": quantity, "location": { "id": location } }),
            None => json!({ "orderLine": line, "itemReceive": false }),
        };
        let body = json!({ "shipStatus": { "id": "C" }, "item": { "items": all.iter().map(row).collect::<Vec<_>>() } });
        self.transform(order, "itemFulfillment", &body).await
    }

    pub async fn query(&self, text: &str) -> Answer {
        let request = self.request(Method::POST, "/query/v1/suiteql").await.header("prefer", "transient");
        self.send(request.json(&json!({ "q": text }))).await
    }

    /// The rows of a query without their links.
    pub async fn rows(&self, text: &str) -> Vec<Value> {
        let answer = self.query(text).await;
        assert_eq!(answer.status, 200, "{text}: {answer:?}");
        let mut rows = answer.body["items"].as_array().unwrap().clone();
        for row in &mut rows {
            assert_eq!(row.as_object_mut().unwrap().remove("links"), Some(json!([])));
        }
        rows
    }

    /// An X-Series request with the personal token.
    pub fn xs(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/api/2026-07{path}", self.sandbox.x_series_url());
        self.http.request(method, url).bearer_auth("sandbox-personal-token")
    }

    pub async fn xs_get(&self, path: &str) -> Answer {
        self.send(self.xs(Method::GET, path)).await
    }

    pub async fn xs_post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.xs(Method::POST, path).json(body)).await
    }

    pub async fn xs_put(&self, path: &str, body: &Value) -> Answer {
        self.send(self.xs(Method::PUT, path).json(body)).await
    }

    /// A sale of two scarves (98.99 with tax) as another system sends it.
    pub fn sale(&self, state: &str, attributes: &[&str]) -> Value {
        let shop = self.sandbox.x_series();
        let scarf = shop.product("SCARF-MERINO").unwrap();
        let card = shop.payment_types().into_iter().find(|kind| kind.name == "Card").unwrap();
        json!({
            "id": Uuid::new_v4(),
            "source": { "author_id": shop.users()[0].id, "register_id": shop.registers()[0].id, "id": "SO1001", "type": "NETSUITE" },
            "state": state,
            "attributes": attributes,
            "line_items": [{
                "product": { "id": scarf.id }, "quantity": 2, "pricing": { "price": 43.04 }, "tax": { "id": scarf.tax, "amount": 6.456 },
            }],
            "payments": [{ "amount": 98.99, "type": { "config_id": card.id } }],
        })
    }

    /// Makes a sale and gives its id.
    pub async fn sell(&self, state: &str, attributes: &[&str]) -> Uuid {
        let body = self.sale(state, attributes);
        let answer = self.xs_post("/sales", &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["data"]["id"].as_str().unwrap().parse().unwrap()
    }
}

fn pct(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// What goes into an OAuth 1.0a header; a test changes what it wants wrong.
pub struct Oauth1 {
    pub realm: String,
    pub consumer_secret: String,
    pub timestamp: i64,
    pub nonce: String,
    pub method: &'static str,
}

impl Oauth1 {
    pub fn new(world: &World) -> Self {
        Self {
            realm: "1234567_SB1".to_owned(),
            consumer_secret: "sandbox-consumer-secret".to_owned(),
            timestamp: world.now().as_second(),
            nonce: Uuid::new_v4().simple().to_string(),
            method: "HMAC-SHA256",
        }
    }

    /// The header for a request; `signed_path` is the path as it goes into the base string, `query` decoded pairs.
    pub fn header(&self, method: &str, base_url: &str, signed_path: &str, query: &[(&str, &str)]) -> String {
        let timestamp = self.timestamp.to_string();
        let oauth = [
            ("oauth_consumer_key", "sandbox-consumer-key"),
            ("oauth_nonce", &self.nonce),
            ("oauth_signature_method", self.method),
            ("oauth_timestamp", &timestamp),
            ("oauth_token", "sandbox-token-id"),
            ("oauth_version", "1.0"),
        ];
        let mut pairs: Vec<String> = oauth.iter().chain(query).map(|(name, value)| format!("{}={}", pct(name), pct(value))).collect();
        pairs.sort();
        let base = format!("{method}&{}&{}", pct(&format!("{base_url}{signed_path}")), pct(&pairs.join("&")));
        let key = format!("{}&{}", pct(&self.consumer_secret), pct("sandbox-token-secret"));
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(base.as_bytes());
        let signature = pct(&STANDARD.encode(mac.finalize().into_bytes()));
        let members: Vec<String> = oauth.iter().map(|(name, value)| format!("{name}=\"{}\"", pct(value))).collect();
        format!("OAuth realm=\"{}\", {}, oauth_signature=\"{signature}\"", self.realm, members.join(", "))
    }
}
