//! Real captures are read as `corpus/captures` says, however they come; damaged ones end in a report.

mod binary;
mod damage;
mod expected;
mod found;
mod sample;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::sample::Sample;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let samples = Sample::all();
    let mut trials = vec![trial("every_capture_is_described".to_owned(), Sample::are_complete)];
    type Test = fn(&Sample) -> Result<(), String>;
    let tests: [(&str, Test); 4] = [
        ("is_read", found::is_read),
        ("is_read_by_the_command", binary::is_read),
        ("may_be_cut", damage::cut),
        ("may_be_wrong", damage::wrong),
    ];
    for sample in samples {
        for (name, test) in tests {
            let sample = sample.clone();
            trials.push(trial(format!("{}::{name}", sample.name), move || test(&sample)));
        }
    }
    trials.push(trial("damage_is_told_by_the_command".to_owned(), binary::tells_damage));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: String, test: impl FnOnce() -> Result<(), String> + Send + 'static) -> Trial {
    Trial::test(name, move || test().map_err(Failed::from))
}
