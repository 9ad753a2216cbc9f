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
