//! Attacks on the whole program. The product runs in its own process and a scripted attacker acts
//! on it, while the process's memory, `/healthz` and another user's list are monitored.
//!
//! Each attack prints one line of figures past the test runner's capture, so that CI shows them. It
//! fails with its defence disabled (docs/decisions/008-attacks.md).

mod mailserver;
mod product;
mod random;
mod site;
mod watch;

#[path = "../web/client.rs"]
mod client;
#[path = "../web/outline.rs"]
mod outline;

mod addresses;
mod answers;
mod at_once;
mod connections;
mod draft_kills;
mod exactly_once;
mod harness;
mod markup;
mod nested;
mod outbox;
mod processes;
mod sign_in;
mod work;
