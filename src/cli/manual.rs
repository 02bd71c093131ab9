//! `wslab man`: everything about the program, as a manual page.
//!
//! It is made of the tables that the program itself goes by: the commands and options, the exit codes, and the keys of the
//! dashboard.

use std::io::{self, Write as _};

use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::{Cli, Exit};
use crate::tui;

/// Arguments of `wslab man`.
#[derive(Debug, Args)]
#[command(after_help = "\
To read it: wslab man | man -l -
To keep it: wslab man > ~/.local/share/man/man1/wslab.1")]
pub(super) struct Manual {}

impl Manual {
    #[expect(clippy::unused_self, reason = "as the other commands")]
    pub(super) fn run(&self) -> anyhow::Result<Exit> {
        let page = page()?;
        let mut out = io::stdout().lock();
        out.write_all(page.as_bytes())?;
        out.flush()?;
        Ok(Exit::Ok)
    }
}

/// What the escape for an apostrophe needs; each part of a page that is made by itself would have it again.
const APOSTROPHE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

/// The page, in roff of plain ASCII.
fn page() -> io::Result<String> {
    let mut command = Cli::command().disable_help_subcommand(true).mut_args(|arg| arg.hide_env(true));
    command.build();
    let man =
        Man::new(command.clone()).title("WSLAB").section("1").source(concat!("wslab ", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    let mut page = APOSTROPHE.to_owned() + &lines(&page, |line| line.starts_with(".ie") || line.starts_with(".el"));

    page.push_str(&section("COMMANDS", |_| {}));
    for command in command.get_subcommands() {
        of_command(command, &mut page)?;
    }
    page.push_str(&section("KEYS OF THE DASHBOARD", |roff| {
        roff.text([
            roman("Of "),
            bold("wslab top"),
            roman(", and of "),
            bold("wslab serve"),
            roman(" and "),
            bold("wslab conform"),
            roman(" with "),
            bold("--top"),
            roman("."),
        ]);
        let keys = tui::keys::KEYS.iter().map(|binding| (binding.shown, binding.words));
        keys.chain(tui::keys::MOUSE.iter().copied()).for_each(|(keys, words)| item(roff, keys, words));
    }));
    page.push_str(&section("ENVIRONMENT", |roff| {
        item(roff, "WSLAB_…", "Each long option can also be set in the environment: --color as WSLAB_COLOR.");
        item(roff, "NO_COLOR, CLICOLOR, CLICOLOR_FORCE", "When to use colours, where --color does not say it.");
    }));
    page.push_str(&section("EXIT STATUS", |roff| {
        for exit in Exit::ALL {
            item(roff, &(exit as u8).to_string(), exit.words());
        }
    }));
    Ok(page.chars().map(escaped).collect())
}

/// A command and those below it, each with what it takes.
fn of_command(command: &Command, page: &mut String) -> io::Result<()> {
    // What every command takes is said once.
    let own = command.clone().mut_args(|arg| {
        let is_everywhere = arg.is_global_set() || ["help", "version"].contains(&arg.get_id().as_str());
        if is_everywhere { arg.hide(true) } else { arg.hide_env(true) }
    });
    let words = command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned();
    page.push_str(&format!(".SS \"{words}\"\n"));
    let man = Man::new(own.disable_help_flag(true).disable_version_flag(true));
    let mut said = Vec::new();
    man.render_description_section(&mut said)?;
    said.extend_from_slice(b".PP\n");
    man.render_synopsis_section(&mut said)?;
    if command.get_arguments().any(|arg| !arg.is_global_set()) {
        man.render_options_section(&mut said)?;
    }
    page.push_str(&lines(&said, |line| [".ie", ".el", ".SH"].iter().any(|begins| line.starts_with(begins))));
    if let Some(after) = command.get_after_help() {
        let mut roff = Roff::new();
        roff.control("PP", []).control("nf", []);
        for line in after.to_string().lines() {
            roff.text([roman(line)]);
        }
        roff.control("fi", []);
        page.push_str(&roff.to_roff());
    }
    command
        .get_subcommands()
        .filter(|command| command.get_name() != "help")
        .try_for_each(|command| of_command(command, page))
}

fn section(name: &str, write: impl FnOnce(&mut Roff)) -> String {
    let mut roff = Roff::new();
    roff.control("SH", [name]);
    write(&mut roff);
    roff.to_roff()
}

fn item(roff: &mut Roff, name: &str, words: &str) {
    roff.control("TP", []).text([bold(name)]).text([roman(words)]);
}

/// The lines of some roff, without those that are to be left out.
fn lines(roff: &[u8], is_left_out: impl Fn(&str) -> bool) -> String {
    let text = String::from_utf8_lossy(roff);
    text.lines().filter(|line| !is_left_out(line)).flat_map(|line| [line, "\n"]).collect()
}

/// A character as every roff knows it: not all of them read UTF-8.
fn escaped(character: char) -> String {
    if character.is_ascii() { character.to_string() } else { format!("\\[u{:04X}]", u32::from(character)) }
}
