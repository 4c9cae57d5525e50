//! Editing of a record's value by a person.

use std::io::Write;
use std::process::Command;

use crate::dlq::letter_id::LetterId;
use crate::error::CliError;

/// The editor that the person uses.
pub(super) fn editor() -> Result<String, CliError> {
    let set = |name: &str| std::env::var(name).ok().filter(|editor| !editor.trim().is_empty());
    set("VISUAL").or_else(|| set("EDITOR")).ok_or_else(|| {
        CliError::usage("--edit needs an editor, and neither VISUAL nor EDITOR is set")
            .next("set EDITOR to one, for example EDITOR=vi; nothing was sent")
    })
}

/// The value as the person leaves it. A tombstone that stays empty stays one.
pub(super) fn edit(editor: &str, id: LetterId, value: Option<&[u8]>) -> Result<Option<Vec<u8>>, CliError> {
    let failed = |what: String| {
        CliError::failed(format!("editing record {id}: {what}")).next("try again; nothing was sent")
    };
    let before = value.unwrap_or_default();
    let suffix = if serde_json::from_slice::<serde_json::Value>(before).is_ok() { ".json" } else { ".txt" };
    let prefix = format!("klamm-dlq-{}-", id.offset);
    // Only its owner can read it.
    let mut file = tempfile::Builder::new()
        .prefix(&prefix)
        .suffix(suffix)
        .tempfile()
        .map_err(|error| failed(error.to_string()))?;
    file.write_all(before).map_err(|error| failed(error.to_string()))?;
    let path = file.into_temp_path();
    // By a shell, since the editor may have arguments, as in EDITOR="code --wait".
    let status = Command::new("sh")
        .arg("-c")
        .arg(format!("{editor} \"$@\""))
        .arg(editor)
        .arg(path.as_os_str())
        .status();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(failed(format!("{editor} ended with {status}"))),
        Err(error) => return Err(failed(format!("{editor} doesn't start: {error}"))),
    }
    let after = std::fs::read(&path).map_err(|error| failed(error.to_string()))?;
    let after = without_editors_newline(before, after);
    Ok(if value.is_none() && after.is_empty() { None } else { Some(after) })
}

/// Many editors end a file with a new line that nobody typed.
fn without_editors_newline(before: &[u8], mut after: Vec<u8>) -> Vec<u8> {
    if after.ends_with(b"\n") && !before.ends_with(b"\n") {
        after.pop();
    }
    after
}

#[cfg(test)]
mod tests {
    use super::edit;
    use crate::dlq::letter_id::LetterId;

    const ID: LetterId = LetterId { partition: 0, offset: 7 };

    fn edited(editor: &str, value: Option<&[u8]>) -> Result<Option<Vec<u8>>, String> {
        edit(editor, ID, value).map_err(|error| error.to_string())
    }

    #[test]
    fn the_value_is_what_the_editor_leaves() {
        assert_eq!(edited("sed -i s/bad/good/", Some(b"a bad one")), Ok(Some(b"a good one".to_vec())));
        assert_eq!(edited("true", Some(b"\xff\x00")), Ok(Some(b"\xff\x00".to_vec())));
        assert_eq!(edited("true", Some(b"")), Ok(Some(Vec::new())));
        assert_eq!(edited("true", None), Ok(None));
        assert_eq!(edited("printf x >", None), Ok(Some(b"x".to_vec())));
    }

    #[test]
    fn a_new_line_at_the_end_stays_only_where_one_was() {
        assert_eq!(edited("echo x >", Some(b"y")), Ok(Some(b"x".to_vec())));
        assert_eq!(edited("echo x >", Some(b"y\n")), Ok(Some(b"x\n".to_vec())));
    }

    #[test]
    fn an_editor_that_fails_changes_nothing() {
        assert_eq!(
            edited("false", Some(b"x")).unwrap_err(),
            "error: editing record 7: false ended with exit status: 1\nnext: try again; nothing was sent"
        );
    }

    #[test]
    fn json_is_edited_as_json() {
        let name = |value: &[u8]| {
            let shown = edited("sh -c 'basename $0 > $0'", Some(value)).unwrap().unwrap();
            let name = String::from_utf8(shown).unwrap();
            let (stem, extension) = name.split_once('.').unwrap();
            (stem.starts_with("klamm-dlq-7-"), extension.to_owned())
        };
        assert_eq!(name(b"{\"a\":1}"), (true, "json".to_owned()));
        assert_eq!(name(b"text"), (true, "txt".to_owned()));
    }
}
