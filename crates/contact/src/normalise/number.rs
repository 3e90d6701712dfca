//! Numbers as texts.

/// Whether a number is written with digits alone, and a sign where it is less than zero.
pub(super) fn is_plain_integer(digits: &str) -> bool {
    let magnitude = digits.strip_prefix('-').unwrap_or(digits);
    !magnitude.is_empty() && magnitude.bytes().all(|byte| byte.is_ascii_digit()) && digits != "-0"
}
