//! Connections: how each is, and the mappings that decide for it.

pub mod list;
pub mod mappings;
