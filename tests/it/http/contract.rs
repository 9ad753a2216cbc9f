//! Holds answers against `openapi.yaml`, and `openapi.yaml` against the routes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, Mutex};

use axum::http::HeaderMap;
use jsonschema::Validator;
use serde_json::{Value, json};
use tillbridge::http::problem::CATALOGUE;
use tillbridge::http::{Access, DOCUMENT, ROUTES, Verb};

use super::world::World;

/// `openapi.yaml`, read once.
pub static CONTRACT: LazyLock<Contract> =
    LazyLock::new(|| Contract { document: serde_norway::from_str(DOCUMENT).unwrap(), validators: Mutex::default() });

pub struct Contract {
    document: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Contract {
    /// Panics unless the contract lets this operation answer so.
    pub fn check(&self, method: &str, path: &str, status: u16, headers: &HeaderMap, body: &[u8]) {
        let place = format!("{method} {path} -> {status}");
        let text = || String::from_utf8_lossy(body);
        // The console's files hold no data; a browser may keep them as long as it asks each time.
        let cache = if ["/", "/console.css", "/console.js"].contains(&path.split('?').next().unwrap()) { "no-cache" } else { "no-store" };
        for (name, value) in [("x-content-type-options", "nosniff"), ("cache-control", cache)] {
            assert_eq!(headers.get(name).unwrap_or_else(|| panic!("{place} has no {name}")), value, "{place}");
        }
        assert!(headers.contains_key("x-request-id"), "{place} has no x-request-id");
        let media = headers.get("content-type").unwrap_or_else(|| panic!("{place} has no content-type: {}", text()));
        let media = media.to_str().unwrap().split(';').next().unwrap().trim();

        let Some((template, operation)) = self.operation(method, path) else {
            // What is in no operation is a problem all the same.
            assert!([404, 405].contains(&status), "{place} is in no operation of openapi.yaml: {}", text());
            assert_eq!(media, "application/problem+json", "{place}");
            self.hold("Problem", &json!({ "$ref": "#/components/schemas/Problem" }), body, &place);
            return;
        };
        let responses = &operation["responses"];
        let response = responses.get(status.to_string()).unwrap_or_else(|| panic!("{place} is not in openapi.yaml: {}", text()));
        let response = self.resolved(response);
        for (name, _) in response["headers"].as_object().into_iter().flatten() {
            assert!(headers.contains_key(name.as_str()), "{place} lacks the header {name}");
        }
        let content = response["content"].as_object().unwrap();
        let wanted = content.get(media).unwrap_or_else(|| panic!("{place} answers {media}, openapi.yaml says {:?}", content.keys()));
        if media.ends_with("json") {
            self.hold(&format!("{method} {template} {status}"), &wanted["schema"], body, &place);
            let told: Value = serde_json::from_slice(body).unwrap();
            if media == "application/problem+json" {
                assert_eq!(told["status"], status, "{place}");
            }
        }
    }

    fn hold(&self, key: &str, schema: &Value, body: &[u8], place: &str) {
        let told: Value = serde_json::from_slice(body).unwrap_or_else(|error| panic!("{place} is no JSON: {error}"));
        let validator = self.validators.lock().unwrap().get(key).cloned();
        let validator = validator.unwrap_or_else(|| {
            let made = Arc::new(self.validator(schema));
            self.validators.lock().unwrap().insert(key.to_owned(), Arc::clone(&made));
            made
        });
        let errors: Vec<_> = validator.iter_errors(&told).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{place} is not as openapi.yaml says:\n{}\n{told:#}", errors.join("\n"));
    }

    fn validator(&self, schema: &Value) -> Validator {
        let root = json!({ "allOf": [schema], "components": self.document["components"] });
        jsonschema::draft202012::options().should_validate_formats(true).build(&root).unwrap()
    }

    fn operation(&self, method: &str, path: &str) -> Option<(&str, &Value)> {
        let path = path.split('?').next().unwrap();
        let paths = self.document["paths"].as_object().unwrap();
        let fits = |template: &str| {
            let (wanted, found): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
            wanted.len() == found.len() && wanted.iter().zip(&found).all(|(wanted, found)| wanted == found || wanted.starts_with('{'))
        };
        // A literal segment beats a parameter.
        let (template, item) =
            paths.iter().filter(|(template, _)| fits(template)).min_by_key(|(template, _)| template.matches('{').count())?;
        Some((template, item.get(method.to_lowercase())?))
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => {
                self.document.pointer(reference.trim_start_matches('#')).unwrap_or_else(|| panic!("{reference} leads nowhere"))
            }
            None => value,
        }
    }

    fn operations(&self) -> impl Iterator<Item = (String, &str, &Value, &Value)> {
        self.document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters");
            methods.map(move |(method, operation)| (method.to_uppercase(), path.as_str(), item, operation))
        })
    }

    fn parameters(&self, item: &Value, operation: &Value, place: &str) -> BTreeSet<String> {
        let shared = item["parameters"].as_array().into_iter().flatten();
        let own = operation["parameters"].as_array().into_iter().flatten();
        let all = shared.chain(own).map(|parameter| self.resolved(parameter));
        all.filter(|parameter| parameter["in"] == place).map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect()
    }
}

fn word(verb: Verb) -> &'static str {
    match verb {
        Verb::Get => "GET",
        Verb::Post => "POST",
    }
}

#[test]
fn every_route_is_in_the_contract_and_nothing_else_is() {
    let routes: BTreeSet<_> = ROUTES.iter().map(|route| (word(route.verb).to_owned(), route.path.to_owned())).collect();
    assert_eq!(routes.len(), ROUTES.len(), "a route is in the list twice");
    let documented: BTreeSet<_> = CONTRACT.operations().map(|(method, path, ..)| (method, path.to_owned())).collect();
    assert_eq!(routes, documented);
}

#[test]
fn the_contract_names_the_role_of_every_route() {
    let documented: BTreeMap<_, _> = CONTRACT
        .operations()
        .map(|(method, path, _, operation)| {
            let open = operation["security"] == json!([]);
            let name = operation.get("x-role").or_else(|| operation.get("x-access")).unwrap().as_str().unwrap();
            assert_eq!(open, operation.get("x-access").is_some(), "{method} {path}");
            let responses = operation["responses"].as_object().unwrap();
            assert!(open || responses.contains_key("401") && responses.contains_key("403"), "{method} {path}");
            ((method, path), name)
        })
        .collect();
    for route in ROUTES {
        let access = match route.access {
            Access::Anyone => "anyone",
            Access::Webhook => "webhook",
            Access::Bearer(role) => role.word(),
        };
        assert_eq!(documented[&(word(route.verb).to_owned(), route.path)], access, "{} {}", word(route.verb), route.path);
    }
}

#[test]
fn the_contract_names_every_problem_and_every_parameter_of_a_path() {
    let schema = &CONTRACT.document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"];
    let documented: BTreeSet<_> = schema.as_array().unwrap().iter().map(|slug| slug.as_str().unwrap().to_owned()).collect();
    let catalogue: BTreeSet<_> = CATALOGUE.iter().map(|entry| format!("/problems/{}", entry.slug)).collect();
    assert_eq!(documented, catalogue);
    for (method, path, item, operation) in CONTRACT.operations() {
        let named: BTreeSet<_> =
            path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')).map(str::to_owned).collect();
        assert_eq!(CONTRACT.parameters(item, operation, "path"), named, "{method} {path}");
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_example_is_as_its_schema_says() {
    fn walk(contract: &Contract, value: &Value, examples: &mut usize) {
        match value {
            Value::Object(members) => {
                contract.resolved(value);
                if let (Some(schema), Some(example)) = (members.get("schema"), members.get("example")) {
                    *examples += 1;
                    let errors: Vec<_> = contract.validator(schema).iter_errors(example).map(|error| error.to_string()).collect();
                    assert!(errors.is_empty(), "{example:#}\n{errors:?}");
                }
                members.values().for_each(|member| walk(contract, member, examples));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(contract, item, examples)),
            _ => {}
        }
    }
    let mut examples = 0;
    walk(&CONTRACT, &CONTRACT.document, &mut examples);
    assert!(examples > 10, "{examples} examples were found");
    let ids: Vec<_> = CONTRACT.operations().map(|(.., operation)| operation["operationId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "an operationId is there twice");
}

#[tokio::test]
async fn every_list_takes_the_parameters_of_the_contract_and_no_other() {
    let world = World::start().await;
    for (method, path, item, operation) in CONTRACT.operations() {
        if method != "GET" || operation.get("x-role").is_none() {
            continue;
        }
        // Connections are looked up before their revisions are listed, so that the id has to be a real one there.
        let address = path.replace("{id}", if path.contains("connections") { "acme-nz" } else { "nobody" });
        let answer = world.get(&format!("{address}?no_such_parameter=1")).send().await.is(400);
        let allowed: BTreeSet<_> =
            answer.body["allowed"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect();
        assert_eq!(allowed, CONTRACT.parameters(item, operation, "query"), "{path}");
    }
}

#[tokio::test]
async fn the_contract_is_served_as_it_was_written() {
    let world = World::start().await;
    let answer = world.get("/openapi.yaml").nobody().send().await.is(200);
    assert_eq!(answer.text, DOCUMENT);
}
