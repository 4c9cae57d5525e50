//! Texts that come from a guest, made safe to store and to show.

/// `text`, at most `most` bytes of it, cut between characters.
pub(crate) fn shortened(mut text: String, most: usize) -> String {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most.saturating_sub('…'.len_utf8())));
        text.push('…');
        text.shrink_to_fit();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(shortened("short".to_owned(), 5), "short");
        assert_eq!(shortened("äöüäöü".to_owned(), 8), "äö…");
        assert_eq!(shortened("äöüäöü".to_owned(), 2), "…");
    }
}
