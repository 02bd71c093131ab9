//! Captures by their names.

use std::path::PathBuf;

use super::{Merge, Reader, Source, SourceError};

/// Opens these files as one capture, in the order of the packets' times. `-` is standard input.
///
/// # Errors
/// If there are none, one cannot be opened, or one is no capture.
pub fn open(paths: &[PathBuf]) -> Result<Box<dyn Source>, SourceError> {
    match paths {
        [] => Err(SourceError::NoFiles),
        [path] => Ok(Box::new(Reader::open_alone(path)?)),
        _ => {
            if paths.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
                return Err(SourceError::InputTwice);
            }
            let readers = paths.iter().map(|path| Reader::open_among(path, paths.len()));
            Ok(Box::new(Merge::new(readers.collect::<Result<_, _>>()?)))
        }
    }
}
