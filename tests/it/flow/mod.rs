//! The whole house against both simulated systems: what a person does on one side, and what the other side holds at the end.

mod access;
mod changes;
mod commands;
mod demo;
mod explain;
mod faults;
mod goods;
mod kill;
mod naming;
mod operators;
mod postgres;
mod process;
mod replicas;
mod statuses;
mod suitescript;
mod till;
mod till_meanwhile;
mod world;
