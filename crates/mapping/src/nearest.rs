//! The nearest of some names, for a question back: did you mean …?

use strsim::damerau_levenshtein;

/// The most changes between a name and what was meant.
const MOST_CHANGES: usize = 2;

/// The name that was probably meant: at most two changes away and less than half of it, whatever the case.
pub(crate) fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let wanted = name.to_lowercase();
    let near = names.into_iter().filter_map(|other| {
        let changes = damerau_levenshtein(&wanted, &other.to_lowercase());
        (changes <= MOST_CHANGES && changes * 2 < wanted.chars().count()).then_some((changes, other))
    });
    near.min_by_key(|(changes, _)| *changes).map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_near_if_little_of_it_changes() {
        for (name, near) in [
            ("emial", Some("email")),
            ("EMAIL", Some("email")),
            ("user_ids", Some("user_id")),
            ("usr_d", Some("user_id")),
            ("uid", None),
            ("ab", None),
            ("mail_address", None),
        ] {
            assert_eq!(nearest(name, ["email", "user_id", "xab"]), near, "{name}");
        }
    }
}
