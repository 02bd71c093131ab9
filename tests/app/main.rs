//! The servers that people run, over real sockets on the loopback interface.

mod chat;
mod chat_bad;
mod chat_limits;
mod chat_model;
mod chat_rooms;
mod chat_stage;
