//! Tests over real HTTP.

mod sandbox;
