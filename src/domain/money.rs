//! Money is decimal from the wire to the wire. This room reads amounts without passing through floating point.

use rust_decimal::{Decimal, RoundingStrategy};

/// Reads an amount from JSON text: a number, or a string that holds one (exponents included). Empty text is no amount.
pub fn parse(text: &str) -> Option<Decimal> {
    let text = text.trim();
    text.parse().ok().or_else(|| Decimal::from_scientific(text).ok())
}

/// Rounds to a currency's precision, halves away from zero, as both systems print their totals.
pub fn round(amount: Decimal, places: u32) -> Decimal {
    amount.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}

/// An amount as people read it: at the currency's precision, with more digits only where it has them.
pub fn text(amount: Decimal, places: u32) -> String {
    let amount = amount.normalize();
    let digits = usize::try_from(places.max(amount.scale())).unwrap_or_default();
    format!("{amount:.digits$}")
}

/// The smallest amount of a currency of this precision.
pub fn unit(places: u32) -> Decimal {
    Decimal::new(1, places)
}

/// The minor-unit digits of a currency by its ISO 4217 code; two where the code is not a special one.
pub fn places(currency: Option<&str>) -> u32 {
    match currency.map(str::to_ascii_uppercase).as_deref() {
        Some(
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND" | "VUV" | "XAF" | "XOF" | "XPF",
        ) => 0,
        Some("BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND") => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_written_at_its_currency_s_precision_and_never_shorter_than_it_is() {
        for (amount, currency, written) in [
            ("61.0", "NZD", "61.00"),
            ("61", "NZD", "61.00"),
            ("-0.5", "NZD", "-0.50"),
            ("61.005", "NZD", "61.005"),
            ("61.00", "JPY", "61"),
            ("1200", "JPY", "1200"),
            ("1.5", "KWD", "1.500"),
        ] {
            assert_eq!(text(amount.parse().unwrap(), places(Some(currency))), written, "{amount} {currency}");
        }
    }
}
