//! Numbers as decimal text: the shortest that reads back as the same number, and with a set number of digits.

use std::fmt::{self, Write as _};

use num_bigint::BigInt;
use num_traits::{One, Signed};

use super::{Digits, Number};

/// `0.digits × 10^point`.
#[derive(Clone, Debug, Default)]
struct Decimal {
    digits: Vec<u8>,
    point: i64,
}

impl Decimal {
    /// `mantissa × 2^exponent`, exactly; the mantissa is positive.
    fn exact(mantissa: &BigInt, exponent: i64) -> Self {
        let magnitude = exponent.unsigned_abs();
        let (text, shift) = if exponent >= 0 {
            ((mantissa << magnitude).to_string(), 0)
        } else {
            let power = BigInt::from(5u8).pow(u32::try_from(magnitude).unwrap_or(u32::MAX));
            ((mantissa * power).to_string(), exponent)
        };
        let mut decimal =
            Self { point: i64::try_from(text.len()).unwrap_or(i64::MAX) + shift, digits: text.into_bytes() };
        decimal.trim();
        decimal
    }

    fn trim(&mut self) {
        while self.digits.last() == Some(&b'0') {
            self.digits.pop();
        }
        if self.digits.is_empty() {
            self.point = 0;
        }
    }

    fn at(&self, index: usize) -> u8 {
        self.digits.get(index).copied().unwrap_or(b'0')
    }

    fn down(&mut self, length: usize) {
        self.digits.truncate(length);
        self.trim();
    }

    fn up(&mut self, mut length: usize) {
        length = length.min(self.digits.len());
        while length > 0 && self.digits[length - 1] >= b'9' {
            length -= 1;
        }
        if length == 0 {
            self.digits = vec![b'1'];
            self.point += 1;
            return;
        }
        self.digits.truncate(length);
        self.digits[length - 1] += 1;
    }

    /// To `length` digits, the nearest, ties to even.
    fn round(&mut self, length: i64) {
        let Ok(length) = usize::try_from(length) else {
            *self = Self::default();
            return;
        };
        if length >= self.digits.len() {
            return;
        }
        let tie = self.digits[length] == b'5' && length + 1 == self.digits.len();
        let up =
            if tie { length > 0 && (self.digits[length - 1] - b'0') % 2 == 1 } else { self.digits[length] >= b'5' };
        if up { self.up(length) } else { self.down(length) }
    }

    /// `123.45`, with so many digits after the point.
    fn plain(&self, places: usize) -> String {
        let mut out = String::new();
        if self.point > 0 {
            let whole = usize::try_from(self.point).unwrap_or(0);
            out.extend((0..whole).map(|index| char::from(self.at(index))));
        } else {
            out.push('0');
        }
        if places > 0 {
            out.push('.');
            for place in 0..places {
                let index = self.point + i64::try_from(place).unwrap_or(0);
                out.push(usize::try_from(index).map_or('0', |index| char::from(self.at(index))));
            }
        }
        out
    }

    /// `1.2345e+02`, with so many digits after the point.
    fn scientific(&self, places: usize, letter: char) -> String {
        let mut out = String::from(char::from(self.at(0)));
        if places > 0 {
            out.push('.');
            out.extend((1..=places).map(|index| char::from(self.at(index))));
        }
        let exponent = if self.digits.is_empty() { 0 } else { self.point - 1 };
        out.push(letter);
        out.push(if exponent < 0 { '-' } else { '+' });
        let _ = write!(out, "{:02}", exponent.abs());
        out
    }

    fn places(&self) -> usize {
        let length = i64::try_from(self.digits.len()).unwrap_or(i64::MAX);
        usize::try_from(length - self.point).unwrap_or(0)
    }
}

impl Number {
    fn decimal(&self) -> Decimal {
        if self.is_zero() {
            return Decimal::default();
        }
        let (mantissa, exponent) = self.parts();
        Decimal::exact(&mantissa.abs(), exponent)
    }

    /// The shortest decimal that reads back as this number in its precision.
    fn shortest(&self) -> Decimal {
        let mut decimal = self.decimal();
        if self.is_zero() || matches!(self.digits, Digits::Small(_)) && self.precision >= super::COUNTED {
            return decimal;
        }
        let (mantissa, exponent) = self.parts();
        let mantissa = mantissa.abs();
        // One bit more than the precision, so that the last bit is half a unit.
        let wanted = u64::from(self.precision) + 1;
        let Some(shift) = wanted.checked_sub(mantissa.bits()) else { return decimal };
        let exponent = exponent - i64::try_from(shift).unwrap_or(0);
        let mantissa = mantissa << shift;
        let inclusive = !mantissa.bit(1);
        let lower = Decimal::exact(&(&mantissa - BigInt::one()), exponent);
        let upper = Decimal::exact(&(&mantissa + BigInt::one()), exponent);
        for index in 0..decimal.digits.len() {
            let (low, middle, high) = (lower.at(index), decimal.digits[index], upper.at(index));
            let may_fall = low != middle || inclusive && index + 1 == lower.digits.len();
            let may_rise = middle != high && (inclusive || middle + 1 < high || index + 1 < upper.digits.len());
            match (may_fall, may_rise) {
                (true, true) => decimal.round(i64::try_from(index + 1).unwrap_or(i64::MAX)),
                (true, false) => decimal.down(index + 1),
                (false, true) => decimal.up(index + 1),
                (false, false) => continue,
            }
            break;
        }
        decimal
    }

    /// As Go writes it by a verb: `f`, `e`, `E`, `g` or `G`, with a precision or the shortest form. The sign is left out.
    pub(in crate::resolve::terraform) fn by_verb(&self, verb: char, precision: Option<usize>) -> String {
        let mut decimal = if precision.is_some() { self.decimal() } else { self.shortest() };
        let shortest = precision.is_none();
        let length = decimal.digits.len();
        let mut precision = match (precision, verb) {
            (Some(precision), 'e' | 'E') => {
                decimal.round(i64::try_from(precision).unwrap_or(i64::MAX).saturating_add(1));
                precision
            }
            (Some(precision), 'f') => {
                let places = i64::try_from(precision).unwrap_or(i64::MAX);
                decimal.round(decimal.point.saturating_add(places));
                precision
            }
            (Some(precision), _) => {
                let precision = precision.max(1);
                decimal.round(i64::try_from(precision).unwrap_or(i64::MAX));
                precision
            }
            (None, 'e' | 'E') => length.saturating_sub(1),
            (None, 'f') => decimal.places(),
            (None, _) => length,
        };
        match verb {
            'e' | 'E' => decimal.scientific(precision, verb),
            'f' => decimal.plain(precision),
            _ => {
                let length = decimal.digits.len();
                let signed = |size: usize| i64::try_from(size).unwrap_or(i64::MAX);
                let mut threshold = signed(precision);
                if threshold > signed(length) && signed(length) >= decimal.point {
                    threshold = signed(length);
                }
                if shortest {
                    threshold = 6;
                }
                let exponent = decimal.point - 1;
                if exponent < -4 || exponent >= threshold {
                    precision = precision.min(length);
                    let letter = if verb == 'G' { 'E' } else { 'e' };
                    return decimal.scientific(precision.saturating_sub(1), letter);
                }
                if signed(precision) > decimal.point {
                    precision = length;
                }
                decimal.plain(usize::try_from(signed(precision) - decimal.point).unwrap_or(0))
            }
        }
    }
}

impl fmt::Display for Number {
    /// Plain decimal, the shortest that reads back as the same number.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.digits {
            Digits::Small(value) if self.precision >= super::COUNTED => write!(formatter, "{value}"),
            _ => {
                let sign = if self.is_negative() { "-" } else { "" };
                let text = self.by_verb('f', None);
                write!(formatter, "{sign}{text}")
            }
        }
    }
}

impl Number {
    /// As sets tell compound values apart: `%.10g`.
    pub(in crate::resolve::terraform) fn ten_digits(&self) -> String {
        format!("{}{}", if self.is_negative() { "-" } else { "" }, self.by_verb('g', Some(10)))
    }
}
