//! Parameters of our own in a database url.

/// Cuts one parameter out of a url's query.
pub(super) fn take_parameter(url: &str, name: &str) -> (String, Option<String>) {
    let Some((base, query)) = url.split_once('?') else { return (url.to_owned(), None) };
    let mut value = None;
    let mut rest = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some((key, found)) if key == name => value = Some(found.to_owned()),
            _ => rest.push(pair),
        }
    }
    (if rest.is_empty() { base.to_owned() } else { format!("{base}?{}", rest.join("&")) }, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_parameter_is_taken_out_and_the_others_stay() {
        assert_eq!(take_parameter("sqlite:/a.db", "n"), ("sqlite:/a.db".into(), None));
        assert_eq!(take_parameter("sqlite:/a.db?n=5", "n"), ("sqlite:/a.db".into(), Some("5".into())));
        assert_eq!(take_parameter("sqlite:/a.db?mode=rwc&n=5", "n"), ("sqlite:/a.db?mode=rwc".into(), Some("5".into())));
    }
}
