//! What the dashboard shows, and what keys, the mouse and news make of it.

mod bounds;
mod detail;
mod filter;
mod keys;
mod mouse;
mod properties;
mod screens;
mod stage;
