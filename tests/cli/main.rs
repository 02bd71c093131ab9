//! The `wslab` command, as users and scripts meet it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may say so by a panic")]

mod analyze;
mod autobahn;
mod cases;
mod clients;
mod conform;
mod connect;
mod connect_auth;
mod connect_json;
mod connect_script;
mod connect_terminal;
mod faulty;
mod folder;
mod fuzz;
mod gate;
mod help;
mod hostile;
mod json;
mod process;
mod record;
mod report;
mod serve;
mod spec;
mod terminal;
mod top;
mod top_terminal;
mod typed;
