//! What somebody may have meant.

/// Names further away than this are no help: a third of the letters may differ.
const CLOSE_ENOUGH: f64 = 0.66;

/// The candidate most like `name`, if any is like it.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::normalized_damerau_levenshtein(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= CLOSE_ENOUGH)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

/// ` (did you mean NAME?)`, or nothing.
pub(crate) fn hint(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{hint, nearest};

    #[test]
    fn the_nearest_name_is_found() {
        let names = ["log.retention.ms", "log.retention.bytes", "node.id"];
        assert_eq!(nearest("log.retention.m", names), Some("log.retention.ms"));
        assert_eq!(nearest("nodeid", names), Some("node.id"));
        assert_eq!(nearest("zookeeper.connect", names), None);
    }

    #[test]
    fn a_hint_is_a_question_or_nothing() {
        assert_eq!(hint(Some("node.id")), "; did you mean node.id?");
        assert_eq!(hint(None), "");
    }
}
