//! Numbers as people read them: three significant digits, thousands separated, never a digit that
//! the noise has made.

/// Three significant digits: `0.712`, `12.3`, `1,230`.
pub fn three(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    let size = value.abs();
    let decimals = match size {
        0.0 => 0,
        s if s >= 99.95 => 0,
        s if s >= 9.995 => 1,
        s if s >= 0.9995 => 2,
        _ => 3,
    };
    if decimals > 0 {
        return format!("{value:.decimals$}");
    }
    // Digits below the third are noise: 123,456 is said as 123,000.
    let step = 10f64.powi((size.max(1.0).log10().floor() as i32 - 2).max(0));
    thousands((value / step).round() * step)
}

/// A whole number with its thousands separated.
pub fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 && text != "0" { format!("-{text}") } else { text }
}

/// A share: `12 %`, `0.4 %`.
pub fn percent(share: f64) -> String {
    match share * 100.0 {
        p if !p.is_finite() => "-".to_owned(),
        p if p != 0.0 && p.abs() < 0.95 => format!("{p:.1} %"),
        p => format!("{p:.0} %"),
    }
}

/// How many times as much: `1.4 x`.
pub fn times(ratio: f64) -> String {
    if ratio.is_finite() { format!("{} x", three(ratio)) } else { "-".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_count() {
        let said =
            [0.0, 0.0714, 0.712, 9.999, 12.34, 99.96, 1234.0, 123_456.0, 1_499_999.0].map(three);
        assert_eq!(
            said,
            ["0", "0.071", "0.712", "10.0", "12.3", "100", "1,230", "123,000", "1,500,000"]
        );
        assert_eq!(three(f64::NAN), "-");
    }

    #[test]
    fn shares_and_ratios() {
        assert_eq!(percent(0.123), "12 %");
        assert_eq!(percent(0.0041), "0.4 %");
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(times(1.5), "1.50 x");
        assert_eq!(thousands(-1234.0), "-1,234");
    }
}
