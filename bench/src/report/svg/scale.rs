//! From values to places on the drawing, and which values get a label.

/// How an axis counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Equal steps.
    Linear,
    /// Equal factors.
    Log,
}

/// An axis: values from `min` to `max` at places from `from` to `to`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    kind: Kind,
    min: f64,
    max: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// From zero to a round number at or above `max`.
    pub fn linear(max: f64, from: f64, to: f64) -> Scale {
        let max = if max > 0.0 && max.is_finite() { max } else { 1.0 };
        let step = step(max);
        Scale { kind: Kind::Linear, min: 0.0, max: (max / step).ceil() * step, from, to }
    }

    /// Around all values between `min` and `max`, with round ends.
    pub fn log(min: f64, max: f64, from: f64, to: f64) -> Scale {
        let usable = |value: f64, otherwise: f64| {
            if value > 0.0 && value.is_finite() { value } else { otherwise }
        };
        let (min, max) = (usable(min, 0.1), usable(max, 1.0));
        let (low, high) = (round_down(min * 0.95), round_up(max.max(min) * 1.05));
        Scale { kind: Kind::Log, min: low, max: high, from, to }
    }

    /// Exactly from `min` to `max`, by factors.
    pub fn log_exact(min: f64, max: f64, from: f64, to: f64) -> Scale {
        Scale { kind: Kind::Log, min, max, from, to }
    }

    /// The place of a value; outside values are put at the nearer end.
    pub fn at(&self, value: f64) -> f64 {
        let share = match self.kind {
            Kind::Linear => (value - self.min) / (self.max - self.min),
            Kind::Log => (value / self.min).ln() / (self.max / self.min).ln(),
        };
        // `min` and `max` of the standard library also catch what is not a number.
        self.from + share.clamp(0.0, 1.0).max(0.0) * (self.to - self.from)
    }

    /// Values worth a label.
    pub fn ticks(&self) -> Vec<f64> {
        match self.kind {
            Kind::Linear => {
                let step = step(self.max);
                (0..).map(|i| f64::from(i) * step).take_while(|&v| v <= self.max * 1.0001).collect()
            }
            Kind::Log => self.log_ticks(),
        }
    }

    fn log_ticks(&self) -> Vec<f64> {
        let decades = (self.max / self.min).log10();
        let factors: &[f64] = if decades <= 3.5 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let first = self.min.log10().floor() as i32;
        let last = self.max.log10().ceil() as i32;
        let all =
            (first..=last).flat_map(|power| factors.iter().map(move |f| f * 10f64.powi(power)));
        all.filter(|v| *v >= self.min * 0.999 && *v <= self.max * 1.001).collect()
    }
}

/// A step of 1, 2 or 5 times a power of ten that makes about five of them.
fn step(max: f64) -> f64 {
    let rough = max / 5.0;
    let power = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .map(|f| f * power)
        .into_iter()
        .find(|s| *s >= rough * 0.999)
        .unwrap_or(max)
}

fn round_down(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    [5.0, 2.0, 1.0].map(|f| f * power).into_iter().find(|v| *v <= value).unwrap_or(power)
}

fn round_up(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|f| f * power);
    steps.into_iter().find(|v| *v >= value).unwrap_or(power * 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linear_scales_end_at_round_numbers() {
        let scale = Scale::linear(1_626.0, 100.0, 500.0);
        assert_eq!(scale.ticks(), [0.0, 500.0, 1000.0, 1500.0, 2000.0]);
        assert_eq!((scale.at(0.0), scale.at(1000.0), scale.at(2000.0)), (100.0, 300.0, 500.0));
        assert_eq!(scale.at(9e9), 500.0);
        assert_eq!(Scale::linear(f64::NAN, 0.0, 1.0).ticks().last(), Some(&1.0));
    }

    #[test]
    fn log_scales_put_equal_factors_at_equal_distances() {
        let scale = Scale::log(0.12, 9.0, 0.0, 300.0);
        assert_eq!(scale.ticks(), [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0]);
        let (a, b, c) = (scale.at(0.1), scale.at(1.0), scale.at(10.0));
        assert!((a - 0.0).abs() < 1e-9 && (b - 150.0).abs() < 1e-9 && (c - 300.0).abs() < 1e-9);
    }

    #[test]
    fn wide_log_scales_have_few_labels() {
        assert!(Scale::log(1.0, 1e6, 0.0, 1.0).ticks().len() <= 8);
    }

    #[test]
    fn what_is_not_a_number_stays_on_the_drawing() {
        let scale = Scale::log(1.0, 100.0, 0.0, 10.0);
        for value in [f64::NAN, 0.0, -1.0, f64::INFINITY] {
            let place = scale.at(value);
            assert!((0.0..=10.0).contains(&place), "{value} at {place}");
        }
    }
}
