//! `tillbridge mapping check` and `tillbridge check` hold what a document names against what both systems have.

use serde_json::Value;
use tillbridge::clock::Clock;
use tillbridge::sandbox::Sandbox;

use super::process::{Said, Shop};
use super::world::Plan;

async fn shop() -> (Sandbox, Shop) {
    let plan = Plan::default();
    let sandbox = Sandbox::start(plan.sandbox.clone(), Clock::System).await.unwrap();
    let shop = Shop::new(&sandbox, &plan).await;
    (sandbox, shop)
}

/// The messages of a kind, in the order of the document.
fn told(said: &Said, kind: &str) -> Vec<String> {
    said.json()[kind].as_array().unwrap().iter().map(|issue| issue["message"].as_str().unwrap().to_owned()).collect()
}

const CHECK: [&str; 4] = ["mapping", "check", "mappings.toml", "--json"];

#[tokio::test]
async fn what_no_row_names_in_x_series_is_a_warning_that_says_what_becomes_of_it() {
    let (sandbox, shop) = shop().await;
    let said = shop.run(&CHECK).await.done();
    let warnings = told(&said, "warnings");
    for name in ["Gift Card", "Store Credit", "Loyalty", "On Account"] {
        let wanted = format!("no [[payment_type]] names the payment type '{name}' of X-Series: sales paid with it are held");
        assert!(warnings.iter().any(|warning| warning.starts_with(&wanted)), "{name}: {warnings:#?}");
    }
    assert!(!warnings.iter().any(|warning| warning.contains("'Card'") || warning.contains("the outlet '")), "{warnings:#?}");
    let offline = shop.run(&[&CHECK[..], &["--offline"]].concat()).await.done();
    assert!(!told(&offline, "warnings").iter().any(|warning| warning.contains("X-Series")), "{}", offline.out);

    let text = shop.run(&["mapping", "check", "mappings.toml"]).await.done();
    assert!(text.out.contains("warnings") && text.err.contains("'Store Credit'"), "{}{}", text.out, text.err);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_name_that_neither_system_has_is_an_error_at_its_place() {
    let (sandbox, shop) = shop().await;
    let right = std::fs::read_to_string(shop.path("mappings.toml")).unwrap();
    shop.run(&["mapping", "publish", "mappings.toml", "--message", "right", "--config", "tillbridge.toml"]).await.done();
    let wrong = right.replace("location = \"Newmarket\"", "location = \"Newmarkt\"").replace("x_series = \"Cash\"", "x_series = \"Cahs\"")
        + "\n[[register]]\nx_series = \"Ponsonby 1\"\nlocation = \"Nowhere\"\n[[charge]]\nx_series = \"TIP\"\nnetsuite = \"No such item\"\n";
    shop.write("mappings.toml", &wrong);
    let said = shop.run(&CHECK).await;
    assert_eq!(said.code, Some(1), "{}", said.out);
    let found = said.json();
    let errors = found["errors"].as_array().unwrap();
    let place = |text: &str| {
        let (row, line) = wrong.lines().enumerate().find(|(_, line)| line.contains(text)).unwrap();
        (row + 1, line.find(text).unwrap() + 1)
    };
    for (text, message, suggestion) in [
        ("\"Newmarkt\"", "NetSuite has no location 'Newmarkt' ([[outlet]])", "did you mean \"Newmarket\"?"),
        ("\"Cahs\"", "X-Series has no payment type 'Cahs' ([[payment_type]])", "did you mean \"Cash\"?"),
        (
            "\"No such item\"",
            "NetSuite has no item 'No such item' ([[charge]])",
            "write its number as NetSuite shows it, or its internal id",
        ),
    ] {
        let error = errors.iter().find(|error| error["message"] == message).unwrap_or_else(|| panic!("{message}: {errors:#?}"));
        let (line, column) = place(text);
        assert_eq!((&error["line"], &error["column"]), (&Value::from(line), &Value::from(column)), "{message}");
        assert_eq!(error["suggestion"], suggestion);
    }
    assert!(errors.iter().any(|error| error["message"] == "NetSuite has no location 'Nowhere' ([[register]])"), "{errors:#?}");
    assert_eq!(shop.run(&["mapping", "check", "mappings.toml", "--offline"]).await.code, Some(0), "the document itself is right");

    // The published revision is held against both systems as well.
    let said = shop.run(&["check", "--json", "--config", "tillbridge.toml"]).await.done();
    assert!(said.out.contains("every name in them is there") && said.out.contains("'Store Credit'"), "{}", said.out);
    shop.run(&["mapping", "publish", "mappings.toml", "--message", "wrong", "--config", "tillbridge.toml"]).await.done();
    let said = shop.run(&["check", "--json", "--config", "tillbridge.toml"]).await;
    assert_eq!(said.code, Some(1), "{}", said.out);
    assert!(said.out.contains("NetSuite has no location 'Newmarkt'"), "{}", said.out);
    sandbox.stop().await;
}

#[tokio::test]
async fn systems_that_cannot_be_reached_are_one_warning_and_no_failure() {
    let (sandbox, shop) = shop().await;
    let offline = shop.run(&[&CHECK[..], &["--offline"]].concat()).await.done();
    let of_the_document = told(&offline, "warnings");

    sandbox.stop().await;
    let said = shop.run(&CHECK).await.done();
    let warnings = told(&said, "warnings");
    assert!(
        warnings[0].starts_with("the names in it were not held against X-Series (") && warnings[0].contains("and NetSuite ("),
        "{warnings:#?}"
    );
    assert_eq!(warnings[1..], of_the_document);

    std::fs::remove_file(shop.path("tillbridge.toml")).unwrap();
    let said = shop.run(&CHECK).await.done();
    let warnings = told(&said, "warnings");
    assert!(warnings[0].contains("[[connections]]"), "{warnings:#?}");
    assert_eq!(warnings[1..], of_the_document);
    // What was asked for by name has to be there.
    let said = shop.run(&["mapping", "check", "mappings.toml", "--config", "nowhere.toml"]).await;
    assert!(said.fails_in_one_line().contains("nowhere.toml"), "{}", said.err);
}
