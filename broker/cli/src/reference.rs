//! The reference page of all commands, made from their declarations.

use std::fmt::Write;

use clap::Command;

/// All commands of `command`, which is the whole program's, as Markdown.
pub fn reference_markdown(command: &Command) -> String {
    let mut command = command.clone();
    command.build();
    let mut page = String::from(
        "# Commands\n\nMade from the program itself by `KLAMM_WRITE_REFERENCES=1 cargo test -p klamm reference`; \
         don't edit.\n",
    );
    describe(&mut page, &command, &[]);
    page
}

fn describe(page: &mut String, command: &Command, parents: &[&str]) {
    let path = [parents, &[command.get_name()]].concat();
    let title = path.join(" ");
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").split_whitespace().collect::<Vec<_>>().join(" ");
    // Writing to a String can't fail.
    let _ = write!(page, "\n## {title}\n\n{about}\n\n```\n{usage}\n```\n");
    let shown = |argument: &&clap::Arg| {
        let global = argument.is_global_set() && path.len() > 1;
        !argument.is_hide_set() && !global && !matches!(argument.get_id().as_str(), "help" | "version")
    };
    let arguments: Vec<_> = command.get_arguments().filter(shown).collect();
    if !arguments.is_empty() {
        let _ = write!(page, "\n| | |\n|---|---|\n");
        for argument in arguments {
            let _ = writeln!(page, "| `{}` | {} |", form(argument), meaning(argument));
        }
    }
    if let Some(more) = command.get_after_long_help().or(command.get_after_help()) {
        let _ = write!(page, "\n{}\n", more.to_string().replace("\n  ", "\n- "));
    }
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help" && !inner.is_hide_set())
    {
        describe(page, inner, &path);
    }
}

fn form(argument: &clap::Arg) -> String {
    let names = [
        argument.get_short().map(|short| format!("-{short}")),
        argument.get_long().map(|long| format!("--{long}")),
    ];
    let names: Vec<String> = names.into_iter().flatten().collect();
    let value = argument.get_value_names().map(|names| names.join(" ")).unwrap_or_default();
    let takes_value = argument.get_action().takes_values();
    match (names.is_empty(), takes_value) {
        (true, _) => value,
        (false, true) => format!("{} {value}", names.join(", ")),
        (false, false) => names.join(", "),
    }
}

fn meaning(argument: &clap::Arg) -> String {
    let mut text = argument
        .get_help()
        .map(|help| help.to_string().replace('|', "\\|").replace('\n', " "))
        .unwrap_or_default();
    let possible: Vec<String> =
        argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    if !possible.is_empty() && argument.get_action().takes_values() {
        let _ = write!(text, " ({})", possible.join(", "));
    }
    let defaults: Vec<_> =
        argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if !defaults.is_empty() && argument.get_action().takes_values() {
        let _ = write!(text, "; default {}", defaults.join(" "));
    }
    if let Some(name) = argument.get_env() {
        let _ = write!(text, "; environment `{}`", name.to_string_lossy());
    }
    text
}
