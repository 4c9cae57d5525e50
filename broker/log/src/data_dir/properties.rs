//! Java's properties files, as far as Kafka writes them: `name=value` lines and `#` comments.

use std::collections::BTreeMap;

/// The properties of a text; the first line that is none otherwise.
pub(super) fn parse(text: &str) -> Result<BTreeMap<&str, &str>, &str> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.split_once(['=', ':']).ok_or(line)?;
            Ok((name.trim(), value.trim()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn lines_and_comments() {
        let text = "#Sat Nov 21\nversion=1\n\ncluster.id: a=b\n";
        assert_eq!(parse(text), Ok([("cluster.id", "a=b"), ("version", "1")].into()));
        assert_eq!(parse("version"), Err("version"));
    }
}
