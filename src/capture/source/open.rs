//! Captures by their names.

use std::collections::VecDeque;
use std::path::PathBuf;

use super::{Merge, Reader, Source, SourceError};

/// Opens these files as one capture, in the order of the packets' times. `-` is standard input.
///
/// # Errors
/// If there are none, or none of them is a capture that can be opened. If some are, the errors of the others come when
/// those are read to their ends.
pub fn open(paths: &[PathBuf]) -> Result<Box<dyn Source>, SourceError> {
    match paths {
        [] => Err(SourceError::NoFiles),
        [path] => Ok(Box::new(Reader::open_alone(path)?)),
        _ => {
            if paths.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
                return Err(SourceError::InputTwice);
            }
            let mut readers = Vec::new();
            let mut errors = VecDeque::new();
            for path in paths {
                match Reader::open_among(path, paths.len()) {
                    Ok(reader) => readers.push(reader),
                    Err(error) => errors.push_back(error),
                }
            }
            if readers.is_empty()
                && let Some(error) = errors.pop_front()
            {
                return Err(error);
            }
            // The others are read all the same: the last of a rotated set is often empty.
            Ok(Box::new(Merge::with(readers, errors)))
        }
    }
}
