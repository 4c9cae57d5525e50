//! `klamm plugin logs`.

use std::io::Write;

use clap::Args;
use klamm_rpc::plugin::{LogLine, LogsRequest};
use serde::Serialize;

use super::connection::GrpcArguments;
use super::role;
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::OutputFormat;
use crate::time;

const OUTPUT: &str = "\
With -o json: one object a line, with \"at\", \"level\", \"topic\", \"role\", \"plugin\", \"sequence\" and \"text\"; with -o yaml
one document a line.";

/// Show what bound plug-ins log on a broker
#[derive(Debug, Args)]
#[command(after_long_help = OUTPUT)]
pub struct LogsArguments {
    /// Only this plug-in
    name: Option<String>,
    /// Only this topic
    #[arg(long)]
    topic: Option<String>,
    /// Only so many of the last lines of each binding
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    tail: Option<u32>,
    /// Go on with what comes
    #[arg(short, long)]
    follow: bool,
    #[command(flatten)]
    grpc: GrpcArguments,
}

#[derive(Debug, Serialize)]
struct Line {
    at: String,
    level: String,
    topic: String,
    role: &'static str,
    plugin: String,
    sequence: u64,
    text: String,
}

impl From<LogLine> for Line {
    fn from(line: LogLine) -> Line {
        Line {
            at: time::iso_text(line.at_ms),
            role: role::name(line.role()),
            plugin: format!("{}@{}", line.name, line.version),
            level: line.level,
            topic: line.topic,
            sequence: line.sequence,
            text: line.text,
        }
    }
}

pub(super) async fn run(arguments: LogsArguments, globals: &Globals) -> Result<(), CliError> {
    let connection = arguments.grpc.connect(globals).await?;
    let request = LogsRequest {
        topic: arguments.topic.unwrap_or_default(),
        name: arguments.name.unwrap_or_default(),
        tail: arguments.tail.unwrap_or_default(),
        follow: arguments.follow,
    };
    let doing = "reading the logs of plug-ins";
    let mut client = connection.client.clone();
    let asking = client.logs(request);
    let mut lines = connection.answer(doing, asking).await?;
    let mut out = std::io::stdout().lock();
    while let Some(line) = lines.message().await.map_err(|status| connection.refused(doing, &status))? {
        write(&mut out, globals.output(), &line.into())?;
    }
    Ok(())
}

/// A line at a time, since more may come hours later.
fn write(out: &mut impl Write, format: OutputFormat, line: &Line) -> Result<(), CliError> {
    match format {
        OutputFormat::Table => {
            writeln!(out, "{} {:5} {} {}: {}", line.at, line.level, line.topic, line.plugin, line.text)?;
        }
        OutputFormat::Wide => writeln!(
            out,
            "{} {:5} {} {} {} {}: {}",
            line.at, line.level, line.topic, line.role, line.plugin, line.sequence, line.text
        )?,
        OutputFormat::Json => {
            writeln!(out, "{}", serde_json::to_string(line).map_err(std::io::Error::other)?)?;
        }
        OutputFormat::Yaml => {
            write!(out, "---\n{}", serde_norway::to_string(line).map_err(std::io::Error::other)?)?;
        }
    }
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use klamm_rpc::plugin::{LogLine, Role};

    use super::{OutputFormat, write};

    #[test]
    fn lines_are_exact() {
        let line = LogLine {
            topic: "orders".to_owned(),
            role: Role::Filter.into(),
            name: "guard".to_owned(),
            version: "1.0.0".to_owned(),
            sequence: 7,
            at_ms: 1_700_000_000_123,
            level: "warn".to_owned(),
            text: "odd".to_owned(),
        };
        for (format, text) in [
            (OutputFormat::Table, "2023-11-14T22:13:20.123Z warn  orders guard@1.0.0: odd\n"),
            (OutputFormat::Wide, "2023-11-14T22:13:20.123Z warn  orders filter guard@1.0.0 7: odd\n"),
            (
                OutputFormat::Json,
                "{\"at\":\"2023-11-14T22:13:20.123Z\",\"level\":\"warn\",\"topic\":\"orders\",\"role\":\"filter\",\
                 \"plugin\":\"guard@1.0.0\",\"sequence\":7,\"text\":\"odd\"}\n",
            ),
            (
                OutputFormat::Yaml,
                "---\nat: 2023-11-14T22:13:20.123Z\nlevel: warn\ntopic: orders\nrole: filter\nplugin: guard@1.0.0\n\
                 sequence: 7\ntext: odd\n",
            ),
        ] {
            let mut out = Vec::new();
            write(&mut out, format, &line.clone().into()).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
