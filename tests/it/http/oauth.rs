//! The browser's way to the first X-Series tokens.

use super::world::World;

#[tokio::test]
async fn a_connection_with_a_personal_token_is_not_connected_by_browser() {
    let world = World::start().await;
    world.get("/oauth/x-series/acme-nz/start").nobody().send().await.refused(400, "not-connected");
    world.get("/oauth/x-series/acme-nz/callback?code=a&state=b").nobody().send().await.refused(400, "not-connected");
}

#[tokio::test]
async fn an_unknown_connection_is_told_so() {
    let world = World::start().await;
    world.get("/oauth/x-series/nobody/start").nobody().send().await.refused(404, "unknown-connection");
}
