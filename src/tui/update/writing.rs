//! The filter line: what is written is tried at once, and is in force as far as it is an expression.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::{Input, InputRequest};

use crate::capture::FieldFilter;
use crate::tui::model::{FIELDS, Model, Overlay, Writing};

/// The longest filter that is taken, in bytes.
const LONGEST: usize = 4096;

impl Model {
    pub(super) fn begin_to_write(&mut self) {
        let text = self.filter_text.clone();
        self.overlay = Overlay::Filter(Box::new(Writing {
            input: Input::new(text.clone()),
            error: None,
            before: self.filter.clone(),
            before_text: text,
        }));
    }

    /// Takes a key to the filter line. `false` if it means nothing there.
    pub(super) fn write(&mut self, key: KeyEvent) -> bool {
        let Overlay::Filter(writing) = &mut self.overlay else { return false };
        let has = |modifier| key.modifiers.contains(modifier);
        let request = match key.code {
            KeyCode::Esc => {
                let writing = std::mem::take(writing);
                (self.filter, self.filter_text) = (writing.before, writing.before_text);
                self.overlay = Overlay::None;
                self.arrange();
                return true;
            }
            KeyCode::Enter => {
                if writing.error.is_none() {
                    self.overlay = Overlay::None;
                }
                return true;
            }
            KeyCode::Char('u') if has(KeyModifiers::CONTROL) => InputRequest::DeleteLine,
            KeyCode::Char('k') if has(KeyModifiers::CONTROL) => InputRequest::DeleteTillEnd,
            KeyCode::Char('w') if has(KeyModifiers::CONTROL) => InputRequest::DeletePrevWord,
            KeyCode::Char('a') if has(KeyModifiers::CONTROL) => InputRequest::GoToStart,
            KeyCode::Char('e') if has(KeyModifiers::CONTROL) => InputRequest::GoToEnd,
            KeyCode::Char(_) if has(KeyModifiers::CONTROL) => return false,
            KeyCode::Char(character) if character.is_control() => return true,
            KeyCode::Char(character) if writing.input.value().len() < LONGEST => InputRequest::InsertChar(character),
            KeyCode::Backspace => InputRequest::DeletePrevChar,
            KeyCode::Delete => InputRequest::DeleteNextChar,
            KeyCode::Left if has(KeyModifiers::CONTROL) => InputRequest::GoToPrevWord,
            KeyCode::Right if has(KeyModifiers::CONTROL) => InputRequest::GoToNextWord,
            KeyCode::Left => InputRequest::GoToPrevChar,
            KeyCode::Right => InputRequest::GoToNextChar,
            KeyCode::Home => InputRequest::GoToStart,
            KeyCode::End => InputRequest::GoToEnd,
            _ => return true,
        };
        if writing.input.handle(request).is_some_and(|changed| changed.value) {
            self.try_filter();
        }
        true
    }

    /// Takes pasted text to the filter line.
    pub(super) fn paste(&mut self, text: &str) -> bool {
        let Overlay::Filter(writing) = &mut self.overlay else { return false };
        let room = LONGEST.saturating_sub(writing.input.value().len());
        let text = &text[..text.floor_char_boundary(room)];
        for character in text.chars().filter(|character| !character.is_control()) {
            writing.input.handle(InputRequest::InsertChar(character));
        }
        self.try_filter();
        true
    }

    fn try_filter(&mut self) {
        let Overlay::Filter(writing) = &mut self.overlay else { return };
        let text = writing.input.value();
        if text.trim().is_empty() {
            writing.error = None;
            self.filter = None;
            self.filter_text.clear();
        } else {
            match FieldFilter::parse(text, &FIELDS) {
                Ok(filter) => {
                    writing.error = None;
                    self.filter_text = text.to_owned();
                    self.filter = Some(filter);
                }
                // What was in force stays so until this is an expression.
                Err(error) => {
                    writing.error = Some(error);
                    return;
                }
            }
        }
        self.arrange();
    }
}
