//! The client against a small server in the same process, and the readers against recorded and arbitrary JSON.

mod auth;
mod bookings;
mod reading;
mod records;
mod server;
mod till_reads;
mod traffic;
mod writing;
