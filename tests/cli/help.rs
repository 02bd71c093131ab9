//! Help, versions, mistakes: everything that is said before anything is done.

use clap::Command;

use crate::process::{Running, run, wslab};

/// Every command with its words on the command line.
fn commands(command: &Command, words: &str, found: &mut Vec<(String, Command)>) {
    found.push((words.to_owned(), command.clone()));
    for command in command.get_subcommands() {
        commands(command, format!("{words} {}", command.get_name()).trim_start(), found);
    }
}

fn all() -> Vec<(String, Command)> {
    let mut found = Vec::new();
    commands(&wslab::cli::command(), "", &mut found);
    found
}

#[test]
fn every_command_has_a_help() {
    for (words, _) in all() {
        let mut arguments: Vec<&str> = words.split_whitespace().collect();
        arguments.push("--help");
        let name = format!("help {words}").trim().replace(' ', "-");
        insta::assert_snapshot!(name, run(&arguments).exits(0).stdout);
    }
}

#[test]
fn help_fits_into_80_columns() {
    for (words, _) in all() {
        let arguments: Vec<&str> = words.split_whitespace().chain(["--help"]).collect();
        let mut command = wslab(&arguments);
        command.env("COLUMNS", "80");
        let help = Running::start(command).ended().exits(0).stdout;
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "wslab {words}: {line}");
        }
    }
}

#[test]
fn every_long_option_can_be_set_in_the_environment() {
    for (words, command) in all() {
        for option in command.get_arguments() {
            let Some(long) = option.get_long().filter(|long| !["help", "version"].contains(long)) else { continue };
            // What `report` writes has names of its own: WSLAB_JSON is a switch of `conform`.
            let shared = ["compare", "format"].contains(&long);
            let own = if words == "report" && !shared { "REPORT_" } else { "" };
            // The formats of tables are others than those of reports.
            let own = if words == "analyze" && long == "format" { "ANALYZE_" } else { own };
            let own = if option.is_global_set() { "" } else { own };
            let wanted = format!("WSLAB_{own}{}", long.to_uppercase().replace('-', "_"));
            let is = option.get_env().map(|name| name.to_string_lossy().into_owned());
            assert_eq!(is.as_deref(), Some(wanted.as_str()), "wslab {words} --{long}");
        }
    }
}

#[test]
fn an_option_that_takes_no_value_is_set_by_words_for_yes() {
    for (word, code) in [("1", 0), ("true", 0), ("YES", 0), ("0", 0), ("", 0), ("perhaps", 2)] {
        let mut command = wslab(&["conform", "1.1.1"]);
        let ended = Running::start({
            command.env("WSLAB_JSON", word);
            command
        })
        .ended()
        .exits(code);
        assert_eq!(ended.stdout.starts_with('{'), ["1", "true", "YES"].contains(&word), "{word}: {ended:?}");
    }
}

#[test]
fn the_environment_sets_what_the_command_line_does_not() {
    let mut command = wslab(&["conform", "1.1.1", "--shard", "1/1"]);
    command.env("WSLAB_SHARD", "2/2").env("WSLAB_STRICT", "1");
    Running::start(command).ended().exits(0);
    let mut command = wslab(&["conform", "1.1.1"]);
    command.env("WSLAB_SHARD", "2/2");
    Running::start(command).ended().exits(4);
}

#[test]
fn a_secret_of_the_environment_is_not_in_the_help() {
    let mut command = wslab(&["connect", "--help"]);
    command.env("WSLAB_HEADER", "Authorization: Bearer sesame");
    let ended = Running::start(command).ended().exits(0);
    assert!(!ended.stdout.contains("sesame"), "{}", ended.stdout);
}

#[test]
fn the_version_is_that_of_the_crate() {
    for arguments in [&["--version"][..], &["-V"], &["conform", "--version"]] {
        let said = run(arguments).exits(0).stdout;
        assert!(said.ends_with(concat!(" ", env!("CARGO_PKG_VERSION"), "\n")), "{said}");
    }
}

#[test]
fn mistakes_are_explained() {
    let mistakes: &[&[&str]] = &[
        &[],
        &["prove"],
        &["confrom"],
        &["--loud"],
        &["conform", "--stric"],
        &["conform", "-q", "-v"],
        &["conform", "--color", "blue"],
        &["conform", "--time-factor", "0"],
        &["conform", "--time-factor", "-1"],
        &["conform", "--time-factor", "NaN"],
        &["conform", "--time-factor", "inf"],
        &["conform", "--jobs", "0"],
        &["conform", "--max-fail", "none"],
        &["conform", "--retries", "-1"],
        &["conform", "--wait", "30"],
        &["conform", "--wait", "soon"],
        &["conform", "--wait", "900000years"],
        &["conform", "--shard", "3/2"],
        &["conform", "--shard", "0/2"],
        &["conform", "--header", "Authorization"],
        &["conform", "--header", "Up\u{7}grade: x"],
        &["conform", "--header", "Upgrade: h2c"],
        &["conform", "--subprotocol", "a b"],
        &["conform", "--cacert", "missing.pem", "wss://localhost"],
        &["conform", "--cacert", "a.pem", "--insecure"],
        &["conform", "--corpus", "no/such/folder"],
        &["conform", "http://localhost:9001/"],
        &["conform", "ws://"],
        &["conform", "ws://localhost:99999/"],
        &["conform", "ws://localhost/#top"],
        &["conform", "unix:"],
        &["conform", "ws://a/", "ws://b/"],
        &["conform", "localhost:9001"],
        &["conform", "example.org/chat"],
        &["conform", "5..1"],
        &["conform", "tags:utf8"],
        &["conform", "rule:ReservedBitt"],
        &["conform", "rfc:RFC6455"],
        &["conform", "6.[4"],
        &["conform", "1.1.1", "--report", "/dev/null/reports"],
        &["conform", "1.1.1", "--compare", "no/such/run.jsonl"],
        &["report"],
        &["report", "no/such/run.jsonl"],
        &["report", "/dev/null"],
        &["report", "Cargo.toml"],
        &["serve"],
        &["serve", "echo", "--listen", "localhost"],
        &["serve", "echo", "--listen", "example.org:80"],
        &["serve", "echo", "--listen", "127.0.0.1:70000"],
        &["serve", "echo", "--tls-cert", "cert.pem"],
        &["serve", "echo", "--tls-cert", "no/cert.pem", "--tls-key", "no/key.pem"],
        &["serve", "echo", "--max-connections", "0"],
        &["serve", "echo", "--max-message", "1MB"],
        &["connect"],
        &["connect", "localhost"],
        &["connect", "ws://localhost", "--ping", "5"],
    ];
    let mut screens = String::new();
    for arguments in mistakes {
        let ended = run(arguments).exits(2);
        assert_eq!(ended.stdout, "", "{arguments:?}");
        screens.push_str(&format!("$ wslab {}\n{}\n", arguments.join(" ").escape_default(), ended.stderr));
    }
    insta::assert_snapshot!(screens);
}

#[test]
fn colours_are_for_terminals_or_on_demand() {
    let coloured = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = wslab(&[&["conform", "1.1.1"], arguments].concat());
        command.envs(environment.iter().copied());
        let ended = Running::start(command).ended();
        assert_eq!(ended.code, 0);
        ended.stdout.contains('\u{1b}')
    };
    assert!(!coloured(&[], &[]), "this is no terminal");
    assert!(coloured(&["--color", "always"], &[]));
    assert!(coloured(&["--color", "always"], &[("NO_COLOR", "1")]), "the command line is nearer");
    assert!(coloured(&[], &[("WSLAB_COLOR", "always")]));
    assert!(coloured(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[], &[("NO_COLOR", "1")]));
    assert!(!coloured(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]));
}

/// A section of the manual page.
fn section(page: &str, name: &str) -> String {
    let begins = page.find(&format!(".SH {name}\n")).expect(name);
    let end = page[begins + 1..].find("\n.SH ").map_or(page.len(), |end| begins + 2 + end);
    page[begins..end].to_owned()
}

#[test]
fn the_manual_page_has_the_keys_of_the_dashboard() {
    let page = run(&["man"]).exits(0).stdout;
    assert!(page.is_ascii(), "not every roff reads UTF-8");
    insta::assert_snapshot!("man keys", section(&page, "\"KEYS OF THE DASHBOARD\""));
    insta::assert_snapshot!("man exit status", section(&page, "\"EXIT STATUS\""));
    for binding in wslab::tui::keys::KEYS {
        assert!(page.contains(&format!("\n{}\n", binding.words)), "{}", binding.words);
    }
}

#[test]
fn the_manual_page_has_every_command_and_every_option() {
    let page = run(&["man"]).exits(0).stdout;
    for (words, command) in all().into_iter().filter(|(words, _)| !words.is_empty()) {
        assert!(page.contains(&format!(".SS \"wslab {words}\"\n")), "{words}");
        for option in command.get_arguments().filter_map(clap::Arg::get_long) {
            assert!(page.contains(&option.replace('-', "\\-")), "wslab {words} --{option}");
        }
    }
}

#[test]
fn bash_takes_the_completions() {
    for (shell, words) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef wslab"),
        ("fish", "complete -c wslab"),
        ("elvish", "edit:"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let script = run(&["completions", shell]).exits(0).stdout;
        assert!(script.contains(words) && script.contains("conform"), "{shell}");
        if shell == "bash" {
            let mut bash = std::process::Command::new("bash");
            bash.arg("-n");
            let mut bash = Running::start(bash);
            bash.say(script.as_bytes());
            let ended = bash.ended();
            assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
        }
    }
    run(&["completions", "tcsh"]).exits(2);
}
