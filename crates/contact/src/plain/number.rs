//! Numbers as they stand in a record.

/// A number that was read.
pub(super) struct Number {
    /// The place after it.
    pub(super) end: usize,
    /// Its value, if it is written as a whole number.
    pub(super) integer: Option<i64>,
}

/// A number with digits enough for no doubt: longer ones, exponents and a zero below zero are left to the parser.
#[inline(always)]
pub(super) fn number(bytes: &[u8], at: usize) -> Option<Number> {
    const MOST_DIGITS: usize = 18;
    let is_negative = bytes[at] == b'-';
    let start = at + usize::from(is_negative);
    let mut end = start;
    let mut value = 0_i64;
    while let Some(digit @ b'0'..=b'9') = bytes.get(end) {
        value = value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
        end += 1;
    }
    let digits = end - start;
    if digits == 0 || digits > MOST_DIGITS || (bytes[start] == b'0' && (digits > 1 || is_negative)) {
        return None;
    }
    match bytes.get(end)? {
        b'.' => {
            let fraction = bytes[end + 1..].iter().position(|byte| !byte.is_ascii_digit())?;
            let end = end + 1 + fraction;
            let is_plain =
                fraction > 0 && digits + fraction <= MOST_DIGITS && !matches!(bytes[end], b'e' | b'E');
            is_plain.then_some(Number { end, integer: None })
        }
        b'e' | b'E' => None,
        _ => Some(Number { end, integer: Some(if is_negative { -value } else { value }) }),
    }
}
