//! What people read of a capture, from events made by hand.

mod bounds;
mod follow;
mod made;
mod page;
mod screen;
