//! Where offsets are to be set to.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::{csv, duration};
use crate::client::TopicPartition;
use crate::error::CliError;
use crate::time;

/// Where to set the offsets to; exactly one.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct TargetArguments {
    /// To the first record there is
    #[arg(long)]
    to_earliest: bool,
    /// To the end: only records to come
    #[arg(long)]
    to_latest: bool,
    /// To this offset
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    to_offset: Option<i64>,
    /// To the first record of this time or later: 2026-01-31T12:00:00Z, or milliseconds since 1970
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    to_datetime: Option<i64>,
    /// To the first record of the time so long ago: P1DT2H30M, or 90s, 15m, 2h, 1d
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    by_duration: Option<i64>,
    /// By so many records, back if the number is below 0
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    shift_by: Option<i64>,
    /// To what is committed; to the end where nothing is
    #[arg(long)]
    to_current: bool,
    /// To the offsets in a file with lines of topic,partition,offset
    #[arg(long, value_name = "CSV")]
    from_file: Option<PathBuf>,
}

/// Where offsets are to be set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::group) enum Target {
    Earliest,
    Latest,
    Offset(i64),
    /// Milliseconds since 1970.
    Time(i64),
    Shift(i64),
    Current,
    File(BTreeMap<TopicPartition, i64>),
}

impl TargetArguments {
    /// What was asked for; reads the file if it is one.
    pub(super) fn target(&self) -> Result<Target, CliError> {
        if let Some(path) = &self.from_file {
            let text = std::fs::read_to_string(path).map_err(|error| CliError::file(path, &error))?;
            let offsets = csv::parse(&text).map_err(|why| {
                CliError::usage(format!("{}: {why}", path.display()))
                    .next("`klamm group reset GROUP --all-topics --to-current --export` prints the form")
            })?;
            return Ok(Target::File(offsets));
        }
        let ago = |duration_ms: i64| Target::Time(time::now_ms().saturating_sub(duration_ms).max(0));
        let with_value = self.to_offset.map(Target::Offset);
        let with_value = with_value.or(self.to_datetime.map(Target::Time));
        let with_value = with_value.or(self.by_duration.map(ago)).or(self.shift_by.map(Target::Shift));
        Ok(with_value.unwrap_or(match (self.to_earliest, self.to_latest) {
            (true, _) => Target::Earliest,
            (_, true) => Target::Latest,
            _ => Target::Current,
        }))
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::Target;
    use crate::group::reset::ResetArguments;

    fn parsed(line: &str) -> Result<ResetArguments, clap::error::ErrorKind> {
        let command = ResetArguments::augment_args(Command::new("reset"));
        let matches = command.try_get_matches_from(line.split(' ')).map_err(|error| error.kind())?;
        Ok(ResetArguments::from_arg_matches(&matches).unwrap())
    }

    #[test]
    fn exactly_one_target_and_one_scope_are_asked_for() {
        use clap::error::ErrorKind::{ArgumentConflict, MissingRequiredArgument, ValueValidation};
        for (line, target) in [
            ("reset g --topic t:0,1 -t u --shift-by -5", Target::Shift(-5)),
            ("reset g --all-topics --to-datetime 1970-01-01T00:00:01Z", Target::Time(1_000)),
            ("reset g --all-topics --to-latest --execute", Target::Latest),
            ("reset g --all-topics --to-earliest", Target::Earliest),
            ("reset g --all-topics --to-current --export", Target::Current),
            ("reset g --topic t --to-offset 9", Target::Offset(9)),
        ] {
            assert_eq!(parsed(line).unwrap().target.target().unwrap(), target, "{line}");
        }
        for (line, kind) in [
            ("reset g --topic t", MissingRequiredArgument),
            ("reset g --to-latest", MissingRequiredArgument),
            ("reset g --topic t --to-latest --to-earliest", ArgumentConflict),
            ("reset g --topic t --all-topics --to-latest", ArgumentConflict),
            ("reset g --topic t --from-file f", ArgumentConflict),
            ("reset g --all-topics --to-current --export --execute", ArgumentConflict),
            ("reset g --topic t --to-offset=-1", ValueValidation),
            ("reset g --topic t --by-duration P1M", ValueValidation),
        ] {
            assert_eq!(parsed(line).unwrap_err(), kind, "{line}");
        }
        let missing = parsed("reset g --from-file /nonexistent/offsets.csv").unwrap().target.target();
        assert_eq!(missing.unwrap_err().exit_code(), 2);
    }
}
