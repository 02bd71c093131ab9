//! Cases for targets that do not echo.

use crate::conform::{Await, Case, Expected, Step};

impl Case {
    /// The case for a target that does not echo: the messages that it sends are its own business. `None` if the case
    /// cannot be judged without them.
    pub fn without_echo(&self) -> Option<Self> {
        let needs_echo = self.expect.iter().any(|course| course.events.iter().any(is_message)) || awaits(&self.send);
        (!needs_echo).then(|| Self { hears_messages: false, ..self.clone() })
    }
}

fn is_message(event: &Expected) -> bool {
    match event {
        Expected::Text(_) | Expected::Binary(_) => true,
        Expected::Pong(_) | Expected::Wait(_) | Expected::Answer(_) | Expected::End | Expected::Rest => false,
        Expected::Repeat(_, events) => events.iter().any(is_message),
    }
}

fn awaits(steps: &[Step]) -> bool {
    steps.iter().any(|step| match step {
        Step::Await(Await::Message) => true,
        Step::Repeat { steps, .. } => awaits(steps),
        _ => false,
    })
}
