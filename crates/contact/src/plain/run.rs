//! Runs of plain bytes inside a string, sixteen at a time.

use wide::i8x16;

/// How many bytes are looked at at a time, and so have to be readable behind each text.
pub(crate) const LANE_BYTES: usize = 16;

/// How many are looked at at a time of a long text: one bit each of a word.
const WIDE_BYTES: usize = 4 * LANE_BYTES;

/// The bytes of a string up to the next quote or backslash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Where it ends: the place of the quote or backslash.
    pub(super) end: usize,
    /// Whether all of it is of the characters 0x21 to 0x7E.
    pub(super) is_graphic: bool,
}

/// Finds the next quote or backslash from `at` on; `None` where the bytes end before one is found.
#[inline(always)]
pub(super) fn run(bytes: &[u8], mut at: usize) -> Option<Run> {
    // Most texts end within the first lane; those that do not are mostly longer than two.
    let (stops, odd) = masks(lane(bytes, at)?);
    if stops != 0 {
        return Some(Run::ending(at, stops.into(), odd.into(), true));
    }
    let mut is_graphic = odd == 0;
    at += LANE_BYTES;
    // Identifiers, hashes and addresses mostly end within the next two.
    if let Some(pair) = bytes.get(at..)?.first_chunk::<{ 2 * LANE_BYTES }>() {
        let [first, second] = pair.as_chunks::<LANE_BYTES>().0 else { return None };
        let ((stops, odd), (more_stops, more_odd)) = (masks(first), masks(second));
        let (stops, odd) = (stops | more_stops << LANE_BYTES, odd | more_odd << LANE_BYTES);
        if stops != 0 {
            return Some(Run::ending(at, stops.into(), odd.into(), is_graphic));
        }
        is_graphic &= odd == 0;
        at += 2 * LANE_BYTES;
    }
    while let Some(lanes) = bytes.get(at..)?.first_chunk::<WIDE_BYTES>() {
        let (mut stops, mut odd) = (0, 0);
        for (nth, lane) in lanes.as_chunks::<LANE_BYTES>().0.iter().enumerate() {
            let (stops_here, odd_here) = masks(lane);
            stops |= u64::from(stops_here) << (nth * LANE_BYTES);
            odd |= u64::from(odd_here) << (nth * LANE_BYTES);
        }
        if stops != 0 {
            return Some(Run::ending(at, stops, odd, is_graphic));
        }
        is_graphic &= odd == 0;
        at += WIDE_BYTES;
    }
    loop {
        let (stops, odd) = masks(lane(bytes, at)?);
        if stops != 0 {
            return Some(Run::ending(at, stops.into(), odd.into(), is_graphic));
        }
        is_graphic &= odd == 0;
        at += LANE_BYTES;
    }
}

impl Run {
    /// A run that ends at the first of the stops behind `at`.
    #[inline(always)]
    fn ending(at: usize, stops: u64, odd: u64, was_graphic: bool) -> Self {
        let length = stops.trailing_zeros();
        Self { end: at + length as usize, is_graphic: was_graphic && odd & ((1 << length) - 1) == 0 }
    }
}

/// Whether these bytes, between two quotes, are characters that may stand there raw.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte >= 0x20) && std::str::from_utf8(bytes).is_ok()
}

/// The sixteen bytes from `at` on.
#[inline(always)]
pub(super) fn lane(bytes: &[u8], at: usize) -> Option<&[u8; LANE_BYTES]> {
    bytes.get(at..)?.first_chunk()
}

/// Which bytes are a quote or a backslash, and which are not graphic ASCII; the first byte in the lowest bit.
#[inline(always)]
fn masks(lane: &[u8; LANE_BYTES]) -> (u32, u32) {
    let bytes = i8x16::new(lane.map(u8::cast_signed));
    let stops = bytes.simd_eq(i8x16::splat(b'"' as i8)) | bytes.simd_eq(i8x16::splat(b'\\' as i8));
    // As signed numbers the bytes from 0x80 on are below zero.
    let above_space = bytes.simd_gt(i8x16::splat(0x20));
    let delete = bytes.simd_eq(i8x16::splat(0x7F));
    (stops.to_bitmask(), (!above_space | delete).to_bitmask())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same, byte by byte.
    fn masks_of_each(lane: &[u8; LANE_BYTES]) -> (u32, u32) {
        lane.iter().enumerate().fold((0, 0), |(stops, odd), (place, byte)| {
            let bit = |is: bool| u32::from(is) << place;
            (stops | bit(matches!(byte, b'"' | b'\\')), odd | bit(!byte.is_ascii_graphic()))
        })
    }

    #[test]
    fn every_byte_is_known_for_what_it_is_at_every_place() {
        for byte in 0..=255_u8 {
            for place in 0..LANE_BYTES {
                let mut lane = [b'a'; LANE_BYTES];
                lane[place] = byte;
                assert_eq!(masks(&lane), masks_of_each(&lane), "{byte:#x} at {place}");
            }
        }
    }

    #[test]
    fn a_run_ends_at_the_first_quote_or_backslash() {
        for length in 0..200_usize {
            for stop in [b'"', b'\\'] {
                for odd in [None, Some(0), length.checked_sub(1)] {
                    let mut bytes = vec![b'x'; length];
                    if let Some(place) = odd.and_then(|place| bytes.get_mut(place)) {
                        *place = b' ';
                    }
                    let is_graphic = !bytes.contains(&b' ');
                    bytes.push(stop);
                    bytes.extend([b' '; LANE_BYTES]);
                    assert_eq!(run(&bytes, 0), Some(Run { end: length, is_graphic }), "{length}");
                }
            }
        }
    }

    #[test]
    fn without_room_behind_it_nothing_is_found() {
        assert_eq!(run(b"abc\"", 0), None);
        assert_eq!(run(b"", 0), None);
        assert_eq!(run(b"", 7), None);
    }
}
