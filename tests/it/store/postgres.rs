//! What only happens to a server.
