//! Formats sizes and numbers for display.

/// Formats a size in decimal units with at most one decimal: "312 B", "4.1 KB", "18 MB".
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    // Tenths of the unit: integer arithmetic gives the same text on every target.
    let mut tenths = bytes.saturating_add(50) / 100;
    let mut units = UNITS.iter();
    let mut unit = units.next();
    while tenths >= 10_000
        && let Some(next) = units.next()
    {
        tenths = tenths.saturating_add(500) / 1000;
        unit = Some(next);
    }
    let unit = unit.unwrap_or(&"TB");
    if tenths >= 100 || tenths.is_multiple_of(10) {
        format!("{} {unit}", (tenths + 5) / 10)
    } else {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    }
}

/// Returns the approximate encoded size of a file in a message: base64 with line ends (RFC 2045
/// §6.8).
pub fn encoded_size(bytes: u64) -> u64 {
    bytes.div_ceil(57).saturating_mul(78)
}

/// Formats a number with thousands separators: "1,284".
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_decimal_units() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1 KB"),
            (4_149, "4.1 KB"),
            (9_949, "9.9 KB"),
            (18_400, "18 KB"),
            (999_999, "1 MB"),
            (1_100_000, "1.1 MB"),
            (25_000_000, "25 MB"),
            (3_200_000_000, "3.2 GB"),
        ] {
            assert_eq!(size(bytes), text, "{bytes}");
        }
        assert!(size(u64::MAX).ends_with(" TB"));
    }

    #[test]
    fn encoded_size_includes_base64_and_line_ends() {
        assert_eq!(encoded_size(0), 0);
        assert_eq!(encoded_size(57), 78);
        assert_eq!(encoded_size(58), 156);
    }

    #[test]
    fn thousands_are_separated() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_284), "1,284");
        assert_eq!(grouped(1_000_000), "1,000,000");
    }
}
