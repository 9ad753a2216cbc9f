//! NetSuite: client, authentication, wire forms, error classes, and the callback of its scripts.
