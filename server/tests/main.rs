//! Tests of the whole server, in one program: against the embedded mail server, scripted peers,
//! and real servers where `cargo xtask test` has installed them.

mod account;
mod cli;
mod reading;
mod servers;
mod wait;
mod web;
