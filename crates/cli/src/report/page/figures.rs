//! Numbers, shares and texts as a page shows them.

use indicatif::HumanCount;
use maud::{Markup, html};

/// The most characters of a text of the user's that a page shows.
const MOST_CHARACTERS: usize = 80;

/// Longer words are broken on a phone.
const MOST_UNBROKEN: usize = 32;

/// A number with separators.
pub(super) fn number(number: u64) -> String {
    HumanCount(number).to_string()
}

/// A part of a whole in per cent. Only nothing is 0 %, and only all is 100 %.
pub(super) fn share(part: u64, whole: u64) -> String {
    match (part, whole) {
        (0, _) | (_, 0) => "0 %".to_owned(),
        _ if part >= whole => "100 %".to_owned(),
        _ => {
            let percent = part as f64 / whole as f64 * 100.0;
            if percent < 0.1 {
                "< 0.1 %".to_owned()
            } else if percent > 99.9 {
                "> 99.9 %".to_owned()
            } else {
                format!("{percent:.1} %")
            }
        }
    }
}

/// How long something took.
pub(super) fn seconds(seconds: f64) -> String {
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 { format!("{hours} h {minutes} min") } else { format!("{minutes} min {seconds} s") }
}

/// Our own text, in which code stands between backticks.
pub(super) fn prose(text: &str) -> Markup {
    html! {
        @for (nth, part) in text.split('`').enumerate() {
            @if nth % 2 == 0 { (part) } @else { code { (whole_words(part)) } }
        }
    }
}

/// Words that are not broken in two at the end of a line, unless they are long.
fn whole_words(text: &str) -> Markup {
    html! {
        @for (nth, word) in text.split(' ').enumerate() {
            @if nth > 0 { " " }
            @if word.len() <= MOST_UNBROKEN && word.contains(['-', '/']) { span.option { (word) } } @else { (word) }
        }
    }
}

/// A path, which may go to the next line behind each folder.
pub(super) fn path(text: &str) -> Markup {
    html! {
        @for part in text.split_inclusive('/') { (part) @if part.ends_with('/') { wbr; } }
    }
}

/// What a record is told; the name of an option in it is not broken in two at the end of a line.
pub(super) fn message(text: &str) -> Markup {
    html! {
        @for word in text.split_inclusive(' ') {
            @if word.starts_with("--") { span.option { (word) } } @else { (word) }
        }
    }
}

/// A text of the user's, shortened if it is long.
pub(super) fn short(text: &str) -> String {
    crate::reasons::shortened_to(text, MOST_CHARACTERS)
}

/// A bar for a part of a whole: the number stands beside it, so that it means nothing to a screen reader.
pub(super) fn bar(part: u64, whole: u64, class: &str) -> Markup {
    let length = if whole == 0 { 0.0 } else { (part as f64 / whole as f64 * 100.0).min(100.0) };
    // What is there can be seen.
    let length = if part > 0 { length.max(0.5) } else { length };
    html! {
        svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
            rect class="track" width="100" height="10" {}
            rect class=(class) width=(format!("{length:.2}")) height="10" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_nothing_is_nought_and_only_all_is_a_hundred() {
        for (part, whole, shown) in [
            (0, 10, "0 %"),
            (0, 0, "0 %"),
            (1, 1_000_000, "< 0.1 %"),
            (1, 1000, "0.1 %"),
            (1, 3, "33.3 %"),
            (999_999, 1_000_000, "> 99.9 %"),
            (10, 10, "100 %"),
        ] {
            assert_eq!(share(part, whole), shown, "{part} of {whole}");
        }
    }

    #[test]
    fn times_are_said_in_units_that_fit() {
        for (given, said) in [(0.04, "0.0 s"), (12.34, "12.3 s"), (61.0, "1 min 1 s"), (7325.0, "2 h 2 min")]
        {
            assert_eq!(seconds(given), said);
        }
    }

    #[test]
    fn the_name_of_an_option_stays_whole() {
        let message = message("<add> it, or choose --dedupe-on email").into_string();
        assert_eq!(message, "&lt;add&gt; it, or choose <span class=\"option\">--dedupe-on </span>email");
    }

    #[test]
    fn code_between_backticks_is_marked_and_everything_is_escaped() {
        assert_eq!(
            prose("see `a<b` & so on, or `x --y`").into_string(),
            "see <code>a&lt;b</code> &amp; so on, or <code>x <span class=\"option\">--y</span></code>"
        );
    }

    #[test]
    fn a_path_is_broken_behind_a_folder() {
        assert_eq!(path("/a/b<c").into_string(), "/<wbr>a/<wbr>b&lt;c");
    }
}
