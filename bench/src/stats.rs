//! The few statistics that a handful of repeats can carry: the median, and how far apart the
//! extremes lie. No mean and no standard deviation: three to ten runs do not have one.

use serde::{Deserialize, Serialize};

/// A measured quantity over its repeats.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stat {
    /// The middle one (of an even number, the mean of the two in the middle).
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// How many.
    pub count: usize,
}

impl Stat {
    /// Of all values that are numbers; `None` when there is none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Stat> {
        let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let (count, middle) = (values.len(), values.len() / 2);
        let median = match count % 2 {
            1 => values[middle],
            _ => (values[middle - 1] + values[middle]) / 2.0,
        };
        Some(Stat { median, min, max, count })
    }

    /// The same quantity in another unit.
    pub fn scaled(self, factor: f64) -> Stat {
        let Stat { median, min, max, count } = self;
        Stat { median: median * factor, min: min * factor, max: max * factor, count }
    }

    /// How far the extremes are from the median, as a share of it: 0.1 is "within 10 %".
    pub fn spread(&self) -> f64 {
        if self.median == 0.0 {
            return 0.0;
        }
        (self.max - self.median).max(self.median - self.min) / self.median.abs()
    }
}

/// How much two measurements of one thing differ, as a share of the smaller.
pub fn difference(a: f64, b: f64) -> f64 {
    let (low, high) = (a.min(b), a.max(b));
    if low <= 0.0 { 0.0 } else { high / low - 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_odd_and_even_numbers() {
        let odd = Stat::of([3.0, 1.0, 2.0]).unwrap();
        assert_eq!((odd.median, odd.min, odd.max, odd.count), (2.0, 1.0, 3.0, 3));
        assert_eq!(Stat::of([4.0, 1.0, 2.0, 3.0]).unwrap().median, 2.5);
        assert_eq!(Stat::of([]), None);
        assert_eq!(Stat::of([f64::NAN, 1.0]).unwrap().count, 1);
    }

    #[test]
    fn the_spread_is_the_farther_extreme() {
        let stat = Stat::of([90.0, 100.0, 130.0]).unwrap();
        assert!((stat.spread() - 0.3).abs() < 1e-9);
        assert_eq!(Stat::of([0.0, 0.0]).unwrap().spread(), 0.0);
        assert_eq!(stat.scaled(2.0).median, 200.0);
    }

    #[test]
    fn differences_do_not_depend_on_the_order() {
        assert!((difference(100.0, 120.0) - 0.2).abs() < 1e-9);
        assert!((difference(120.0, 100.0) - 0.2).abs() < 1e-9);
        assert_eq!(difference(0.0, 5.0), 0.0);
    }
}
