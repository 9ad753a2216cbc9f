//! The console's files: what they are served with, and what must not be in them.

use super::world::World;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

const FILES: [(&str, &str); 3] =
    [("/", "text/html; charset=utf-8"), ("/console.css", "text/css; charset=utf-8"), ("/console.js", "text/javascript; charset=utf-8")];

#[tokio::test]
async fn the_console_is_served_to_anyone_with_strict_headers() {
    let world = World::start().await;
    for (path, media) in FILES {
        let answer = world.get(path).nobody().send().await.is(200);
        for (name, value) in [
            ("content-type", media),
            ("cache-control", "no-cache"),
            ("content-security-policy", POLICY),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
        ] {
            let values: Vec<_> = answer.headers.get_all(name).iter().collect();
            assert_eq!(values, [value], "{path} {name}");
        }
    }
    // The link that the sales order carries.
    world.get("/?order=5037").nobody().send().await.is(200);
}

#[tokio::test]
async fn the_page_holds_nothing_that_its_policy_would_stop() {
    let world = World::start().await;
    let page = world.get("/").nobody().send().await.is(200).text;
    for tag in tags(&page) {
        let name = tag.split_whitespace().next().unwrap();
        assert_ne!(name, "style", "a style in the page");
        assert!(name != "script" || tag.contains(" src="), "a script in the page: {tag}");
        let attributes = tag.split_whitespace().skip(1);
        let inline =
            attributes.filter(|attribute| attribute.starts_with("style=") || attribute.starts_with("on") && attribute.contains('='));
        assert_eq!(inline.count(), 0, "inline script or style: {tag}");
        for address in ["src=\"", "href=\""].iter().filter_map(|name| tag.split(name).nth(1)) {
            let near = ["?", "#", "console.", "data:image/svg+xml,"].iter().any(|start| address.starts_with(start));
            assert!(near, "something from elsewhere: {tag}");
        }
    }
    let style = world.get("/console.css").nobody().send().await.is(200).text;
    assert!(!style.contains("url(") && !style.contains("@import"), "the style loads something");
}

#[tokio::test]
async fn the_script_never_makes_markup_of_text() {
    let world = World::start().await;
    let script = world.get("/console.js").nobody().send().await.is(200).text;
    for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "localStorage", "://"] {
        assert!(!script.contains(word), "the script has {word}");
    }
}

/// What stands between `<` and `>`.
fn tags(page: &str) -> impl Iterator<Item = &str> {
    page.split('<').skip(1).filter_map(|rest| rest.split('>').next()).filter(|tag| tag.starts_with(char::is_alphabetic))
}
