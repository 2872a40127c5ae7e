//! Which rows of a long list are drawn: those in sight and a few around them. The rest is empty space of the same
//! height.

use std::collections::BTreeMap;
use std::ops::Range;

/// How high rows are, in pixels: nearly all the same, a few opened ones differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Heights {
    usual: f64,
    others: BTreeMap<usize, f64>,
}

impl Heights {
    /// All the same. Heights below one pixel cannot be: a list that is not laid out yet would have them.
    pub fn new(usual: f64) -> Self {
        Self {
            usual: usual.max(1.0),
            others: BTreeMap::new(),
        }
    }

    /// One row is different.
    pub fn set(&mut self, row: usize, height: f64) {
        self.others.insert(row, height.max(1.0));
    }

    /// Where a row begins, from the top of the list.
    pub fn start_of(&self, row: usize) -> f64 {
        let more: f64 = self
            .others
            .range(..row)
            .map(|(_, height)| height - self.usual)
            .sum();
        float(row) * self.usual + more
    }

    /// The row at this distance from the top; the first one above the list, and beyond its end one of those that
    /// would follow.
    fn row_at(&self, distance: f64) -> usize {
        let mut begin = 0;
        let mut start = 0.0;
        for (&row, &height) in &self.others {
            let there = start + float(row - begin) * self.usual;
            if distance < there {
                break;
            }
            if distance < there + height {
                return row;
            }
            begin = row + 1;
            start = there + height;
        }
        begin + whole((distance - start) / self.usual)
    }
}

/// The part of a list that is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// The rows.
    pub rows: Range<usize>,
    /// Space above them, in pixels.
    pub above: f64,
    /// Space below them, in pixels.
    pub below: f64,
}

impl Window {
    /// The rows of a list of `count` that are in sight, and `around` more on both sides. `top` is where the list begins,
    /// seen from the upper edge of what is in sight (negative when it was scrolled past it); `sight` is how much is in
    /// sight.
    pub fn new(count: usize, heights: &Heights, top: f64, sight: f64, around: usize) -> Self {
        let first = heights.row_at(-top).saturating_sub(around).min(count);
        let last = heights
            .row_at(sight.max(0.0) - top)
            .saturating_add(1 + around)
            .clamp(first, count);
        Self {
            rows: first..last,
            above: heights.start_of(first),
            below: (heights.start_of(count) - heights.start_of(last)).max(0.0),
        }
    }
}

/// A list has far fewer rows than a float counts exactly.
#[expect(clippy::cast_precision_loss, reason = "row numbers are small")]
fn float(row: usize) -> f64 {
    row as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "never negative, and a list that long does not exist"
)]
fn whole(rows: f64) -> usize {
    rows.max(0.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(count: usize, top: f64) -> Window {
        Window::new(count, &Heights::new(40.0), top, 400.0, 2)
    }

    #[test]
    fn an_empty_list_draws_nothing() {
        assert_eq!(
            window(0, 0.0),
            Window {
                rows: 0..0,
                above: 0.0,
                below: 0.0
            }
        );
    }

    #[test]
    fn a_short_list_is_drawn_whole() {
        let shown = window(5, 120.0);
        assert_eq!((shown.rows, shown.above, shown.below), (0..5, 0.0, 0.0));
    }

    #[test]
    fn a_long_list_draws_what_is_in_sight() {
        let shown = window(5_000, 0.0);
        assert_eq!(shown.rows, 0..13);
        let shown = window(5_000, -40_000.0);
        assert_eq!(shown.rows, 998..1_013);
        let whole = shown.above + 15.0 * 40.0 + shown.below;
        assert!((whole - 5_000.0 * 40.0).abs() < 0.001, "{whole}");
    }

    #[test]
    fn scrolled_past_its_end_or_not_reached_yet_it_keeps_its_height() {
        for top in [-1.0e6, 1.0e6] {
            let shown = window(100, top);
            let drawn = shown.rows.len();
            let whole = shown.above + float(drawn) * 40.0 + shown.below;
            assert!((whole - 4_000.0).abs() < 0.001, "{top}: {whole}");
        }
    }

    #[test]
    fn opened_rows_count_with_their_own_height() {
        let mut heights = Heights::new(40.0);
        heights.set(3, 240.0);
        heights.set(10, 140.0);
        for (distance, row) in [
            (0.0, 0),
            (119.0, 2),
            (120.0, 3),
            (359.0, 3),
            (360.0, 4),
            (599.0, 9),
            (600.0, 10),
            (739.0, 10),
            (740.0, 11),
            (-5.0, 0),
        ] {
            assert_eq!(heights.row_at(distance), row, "{distance}");
        }
        for row in 0..20 {
            assert_eq!(heights.row_at(heights.start_of(row)), row);
        }
        assert!((heights.start_of(11) - 740.0).abs() < 0.001);
    }

    #[test]
    fn a_height_of_nothing_does_not_draw_everything() {
        let shown = Window::new(5_000, &Heights::new(0.0), 0.0, 800.0, 2);
        assert!(shown.rows.len() < 1_000, "{shown:?}");
    }
}
