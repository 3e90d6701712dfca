//! Strings with escapes.

/// How a string with escapes ends, and whether it is written as this program writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unescaped {
    /// The place of its closing quote.
    pub(super) end: usize,
    /// Whether only what must be escaped is, and in the shortest way.
    pub(super) is_canonical: bool,
}

/// Reads the string whose first character is at `start` into `text`; `None` where it is no string of JSON, or ends
/// with `bytes`.
pub(super) fn unescape(bytes: &[u8], start: usize, text: &mut String) -> Option<Unescaped> {
    text.clear();
    let mut is_canonical = true;
    let mut at = start;
    loop {
        let rest = &bytes[at..];
        let length = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1F))?;
        if length > 0 {
            text.push_str(std::str::from_utf8(&rest[..length]).ok()?);
            at += length;
        }
        match bytes[at] {
            b'"' => return Some(Unescaped { end: at, is_canonical }),
            b'\\' => {}
            _ => return None,
        }
        let escape = *bytes.get(at + 1)?;
        at += 2;
        text.push(match escape {
            b'"' | b'\\' => char::from(escape),
            b'/' => {
                is_canonical = false;
                '/'
            }
            b'b' => '\u{8}',
            b'f' => '\u{C}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                is_canonical = false;
                let (character, length) = character(bytes, at)?;
                at += length;
                character
            }
            _ => return None,
        });
    }
}

/// The value of each hexadecimal digit; of all other bytes one that none has.
const VALUES: [u8; 256] = {
    let mut values = [u8::MAX; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789abcdef"[value] as usize] = value as u8;
        values[b"0123456789ABCDEF"[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// The character that the hexadecimal digits at `at` stand for, and how many bytes they take: with a surrogate pair
/// those of the second escape too.
fn character(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    const DIGITS: usize = 4;
    let unit = |at: usize| {
        let digits = bytes.get(at..)?.first_chunk::<DIGITS>()?.map(|digit| VALUES[usize::from(digit)]);
        let [a, b, c, d] = digits.map(u32::from);
        (a | b | c | d < 16).then_some(a << 12 | b << 8 | c << 4 | d)
    };
    let first = unit(at)?;
    if let Some(character) = char::from_u32(first) {
        return Some((character, DIGITS));
    }
    let second = at + DIGITS;
    if bytes.get(second..second + 2)? != b"\\u" {
        return None;
    }
    let pair = [first as u16, unit(second + 2)? as u16];
    let character = char::decode_utf16(pair).next()?.ok()?;
    Some((character, DIGITS + 2 + DIGITS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(string: &str) -> Option<(String, bool)> {
        let mut text = String::new();
        let unescaped = unescape(string.as_bytes(), 1, &mut text)?;
        assert_eq!(unescaped.end, string.len() - 1, "{string}");
        Some((text, unescaped.is_canonical))
    }

    #[test]
    fn what_is_no_string_is_none() {
        for string in [
            r#""\x""#,
            r#""\u12""#,
            r#""\u12g4""#,
            r#""\ud83d""#,
            r#""\ud83dx""#,
            r#""\ud83d\n""#,
            r#""\ud83d\ud83d""#,
            r#""\ude00""#,
            "\"\\\n\"",
            "\"\t\"",
            r#""\"#,
            r#""abc"#,
        ] {
            assert_eq!(unescape(string.as_bytes(), 1, &mut String::new()), None, "{string}");
        }
    }

    #[test]
    fn escapes_beyond_those_that_must_be_are_not_canonical() {
        for (string, is_canonical) in [
            (r#""C:\\new\"\n\t""#, true),
            (r#""\/""#, false),
            (r#""\u0041""#, false),
            (r#""\u0001""#, false),
            (r#""\ud83d\ude00""#, false),
        ] {
            assert_eq!(read(string).map(|(_, canonical)| canonical), Some(is_canonical), "{string}");
        }
    }

    proptest! {
        #[test]
        fn strings_are_read_as_serde_json_reads_them(
            parts in prop::collection::vec(
                prop_oneof![
                    Just(r"\u00e9"), Just(r"\uD83D"), Just(r"\ude00"), Just(r"\n"), Just(r"\/"), Just(r"\\"),
                    Just(r#"\""#), Just("є"), Just("x"), Just(r"\u0000"), Just(r"\u007F"), Just(r"\u2028"),
                    Just("\u{7f}"), Just(r"\b\f\r\t"), Just("\u{1}"), Just(r"\U0041")
                ],
                0..12,
            )
        ) {
            let string = format!("\"{}\"", parts.concat());
            let expected = serde_json::from_str::<String>(&string).ok();
            prop_assert_eq!(read(&string).map(|(text, _)| text), expected.clone());
            if let (Some((_, true)), Some(text)) = (read(&string), expected) {
                let mut encoded = Vec::new();
                crate::encode::encode_text(&text, &mut encoded);
                prop_assert_eq!(String::from_utf8(encoded).expect("text"), string);
            }
        }
    }
}
