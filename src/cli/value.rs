//! Values of options: what is no value is refused with what one looks like.

use std::time::Duration;

/// The longest time that can be given.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A time with its unit.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(time) if time > LONGEST => Err("it is longer than a year".to_owned()),
        Ok(time) => Ok(time),
        Err(_) if text.parse::<f64>().is_ok() => Err(format!("the unit is missing: write {text}s or {text}ms")),
        Err(_) => Err("write a number and its unit, such as 30s, 500ms or 2m".to_owned()),
    }
}

/// A time with its unit that is not zero.
pub(super) fn interval(text: &str) -> Result<Duration, String> {
    match time(text)? {
        Duration::ZERO => Err("it has to be longer than no time".to_owned()),
        time => Ok(time),
    }
}

/// A factor for times.
pub(super) fn factor(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(factor) if (0.001..=1000.0).contains(&factor) => Ok(factor),
        _ => Err("write a number from 0.001 to 1000, such as 0.5 or 10".to_owned()),
    }
}

/// A number of things of which there has to be one.
pub(super) fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("write a whole number from 1 on".to_owned()),
        Ok(count) => Ok(count),
    }
}

/// A number of things of which there need be none.
pub(super) fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "write a whole number, 0 or more".to_owned())
}

/// A word as a shell has to be given it.
pub(super) fn shell(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:=@%+,".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Whether an option without a value is set, in the environment.
pub(super) fn flag(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "" | "0" | "false" | "no" | "off" => Ok(false),
        _ => Err("write true or false".to_owned()),
    }
}
