//! Numbers as people write them.

/// A number with its thousands apart: `1,000`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        let written = [0, 12, 999, 1_000, 1_000_000].map(thousands);
        assert_eq!(written, ["0", "12", "999", "1,000", "1,000,000"]);
    }
}
