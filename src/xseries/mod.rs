//! X-Series: client, authentication, wire forms, error classes, and its webhooks.
