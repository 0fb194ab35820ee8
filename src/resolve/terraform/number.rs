//! Numbers as Terraform has them: binary floating point of 512 bits (64 for what is counted, 53 for what is worked out
//! by logarithms), rounded to the nearest, ties to even. Small whole numbers, which almost all are, take no memory.
//!
//! The rules are those of Go's `math/big.Float`, on which Terraform stands, its negative zero included.

mod text;

use std::cmp::Ordering;
use std::rc::Rc;

use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use num_traits::{One, Signed, ToPrimitive, Zero};

/// The precision of numbers that are written, in bits.
pub(super) const WRITTEN: u32 = 512;
/// The precision of numbers that are counted.
pub(super) const COUNTED: u32 = 64;
/// The precision of what comes from functions on 64-bit floating point.
const FLOATING: u32 = 53;
/// The largest exponent, so that no number takes much memory.
const LARGEST: i64 = 1 << 17;

/// A number.
#[derive(Clone, Debug)]
pub(super) struct Number {
    digits: Digits,
    precision: u32,
}

#[derive(Clone, Debug)]
enum Digits {
    /// A whole number.
    Small(i64),
    NegativeZero,
    /// `mantissa × 2^exponent`, the mantissa odd.
    Large(Rc<(BigInt, i64)>),
}

impl Number {
    /// A whole number that was counted.
    pub(super) fn counted(value: usize) -> Self {
        Self { digits: Digits::Small(i64::try_from(value).unwrap_or(i64::MAX)), precision: COUNTED }
    }

    /// A whole number as written.
    pub(super) fn whole(value: i64) -> Self {
        Self { digits: Digits::Small(value), precision: WRITTEN }
    }

    /// A whole number of any size, which is never rounded.
    pub(super) fn exact(value: BigInt) -> Option<Self> {
        let bits = u32::try_from(value.bits()).ok()?;
        Self::rounded(value, 0, bits.max(COUNTED), false)
    }

    /// A floating point number as written, by its shortest decimal form.
    pub(super) fn written(value: f64) -> Option<Self> {
        value.is_finite().then(|| Self::parse(&format!("{value:e}")))?
    }

    /// A floating point number as worked out.
    pub(super) fn floating(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        if value == 0.0 {
            let digits = if value.is_sign_negative() { Digits::NegativeZero } else { Digits::Small(0) };
            return Some(Self { digits, precision: FLOATING });
        }
        let bits = value.to_bits();
        let exponent = i64::try_from((bits >> 52) & 0x7ff).ok()?;
        let fraction = bits & ((1 << 52) - 1);
        let (mantissa, exponent) =
            if exponent == 0 { (fraction, -1074) } else { (fraction | (1 << 52), exponent - 1075) };
        let mantissa = BigInt::from(mantissa);
        Self::rounded(if value < 0.0 { -mantissa } else { mantissa }, exponent, FLOATING, false)
    }

    /// Reads a decimal number: digits, a point, an exponent. Nothing else is one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (digits, exponent) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], rest[at + 1..].parse::<i64>().ok()?),
            None => (rest, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !plain(whole) || !plain(fraction) || digits.len() > 4096 {
            return None;
        }
        if fraction.is_empty() && exponent == 0 && whole.len() < 18 {
            let value: i64 = whole.parse().ok()?;
            let digits = if negative && value == 0 {
                Digits::NegativeZero
            } else {
                Digits::Small(if negative { -value } else { value })
            };
            return Some(Self { digits, precision: WRITTEN });
        }
        let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        if exponent.abs() > LARGEST / 4 {
            return None;
        }
        let mut mantissa: BigInt = format!("{whole}{fraction}").parse().ok()?;
        if mantissa.is_zero() {
            let digits = if negative { Digits::NegativeZero } else { Digits::Small(0) };
            return Some(Self { digits, precision: WRITTEN });
        }
        if negative {
            mantissa = -mantissa;
        }
        let power = BigInt::from(10u8).pow(u32::try_from(exponent.unsigned_abs()).ok()?);
        if exponent >= 0 {
            Self::rounded(mantissa * power, 0, WRITTEN, false)
        } else {
            Self::quotient(&mantissa, &power, 0, WRITTEN)
        }
    }

    /// `mantissa × 2^exponent`, rounded; `sticky` where the true value is a little further from zero. `None` where it
    /// is too large to be worked with.
    fn rounded(mut mantissa: BigInt, mut exponent: i64, precision: u32, sticky: bool) -> Option<Self> {
        if mantissa.is_zero() {
            return Some(Self { digits: Digits::Small(0), precision });
        }
        let excess = mantissa.bits().saturating_sub(u64::from(precision));
        if excess > 0 {
            let (sign, magnitude) = mantissa.into_parts();
            let mut magnitude = BigInt::from_biguint(Sign::Plus, magnitude);
            let half: BigInt = BigInt::one() << (excess - 1);
            let rest: BigInt = &magnitude & ((BigInt::one() << excess) - 1);
            magnitude >>= excess;
            let up = match rest.cmp(&half) {
                Ordering::Less => false,
                Ordering::Greater => true,
                Ordering::Equal => sticky || magnitude.is_odd(),
            };
            if up {
                magnitude += 1;
            }
            mantissa = if sign == Sign::Minus { -magnitude } else { magnitude };
            exponent += i64::try_from(excess).ok()?;
        }
        let zeros = mantissa.trailing_zeros().unwrap_or(0);
        let bits = i64::try_from(mantissa.bits()).ok()?;
        if exponent.saturating_add(bits).abs() > LARGEST || exponent.abs() > LARGEST {
            return None;
        }
        if exponent >= 0 && bits + exponent < 63 {
            let value = (&mantissa << exponent.unsigned_abs()).to_i64()?;
            return Some(Self { digits: Digits::Small(value), precision });
        }
        mantissa >>= zeros;
        let exponent = exponent + i64::try_from(zeros).ok()?;
        Some(Self { digits: Digits::Large(Rc::new((mantissa, exponent))), precision })
    }

    /// `a ÷ b × 2^exponent`, rounded.
    fn quotient(a: &BigInt, b: &BigInt, exponent: i64, precision: u32) -> Option<Self> {
        let wanted = i64::from(precision) + 3 + i64::try_from(b.bits()).ok()? - i64::try_from(a.bits()).ok()?;
        let shift = wanted.max(0);
        let (quotient, rest) = (a << shift.unsigned_abs()).div_rem(b);
        Self::rounded(quotient, exponent - shift, precision, !rest.is_zero()).map(|number| Self { precision, ..number })
    }

    /// Mantissa and exponent.
    fn parts(&self) -> (BigInt, i64) {
        match &self.digits {
            Digits::Small(value) => (BigInt::from(*value), 0),
            Digits::NegativeZero => (BigInt::zero(), 0),
            Digits::Large(large) => (large.0.clone(), large.1),
        }
    }

    fn is_zero(&self) -> bool {
        matches!(self.digits, Digits::Small(0) | Digits::NegativeZero)
    }

    /// Whether it is below zero, or negative zero.
    pub(super) fn is_negative(&self) -> bool {
        match &self.digits {
            Digits::Small(value) => *value < 0,
            Digits::NegativeZero => true,
            Digits::Large(large) => large.0.is_negative(),
        }
    }

    /// The same with the other sign.
    pub(super) fn negated(&self) -> Self {
        let digits = match &self.digits {
            Digits::Small(0) => Digits::NegativeZero,
            Digits::NegativeZero => Digits::Small(0),
            Digits::Small(value) => Digits::Small(-value),
            Digits::Large(large) => Digits::Large(Rc::new((-large.0.clone(), large.1))),
        };
        Self { digits, precision: self.precision }
    }

    /// Without its sign.
    pub(super) fn absolute(&self) -> Self {
        if self.is_negative() { self.negated() } else { self.clone() }
    }

    fn precision_with(&self, other: &Self) -> u32 {
        self.precision.max(other.precision)
    }

    /// The sum.
    pub(super) fn add(&self, other: &Self) -> Option<Self> {
        let precision = self.precision_with(other);
        if precision >= COUNTED
            && let (Digits::Small(a), Digits::Small(b)) = (&self.digits, &other.digits)
            && let Some(sum) = a.checked_add(*b).filter(|sum| sum.unsigned_abs() < 1 << 62)
        {
            return Some(Self { digits: Digits::Small(sum), precision });
        }
        if self.is_zero() && other.is_zero() {
            let negative = self.is_negative() && other.is_negative();
            return Some(Self { digits: if negative { Digits::NegativeZero } else { Digits::Small(0) }, precision });
        }
        let ((a, a_exponent), (b, b_exponent)) = (self.parts(), other.parts());
        let exponent = a_exponent.min(b_exponent);
        let sum = (a << (a_exponent - exponent).unsigned_abs()) + (b << (b_exponent - exponent).unsigned_abs());
        Self::rounded(sum, exponent, precision, false)
    }

    /// The difference.
    pub(super) fn subtract(&self, other: &Self) -> Option<Self> {
        if other.is_zero() && !other.is_negative() && !(self.is_zero() && self.is_negative()) {
            return Some(Self { precision: self.precision_with(other), ..self.clone() });
        }
        self.add(&other.negated())
    }

    /// The product.
    pub(super) fn multiply(&self, other: &Self) -> Option<Self> {
        let precision = self.precision_with(other);
        if self.is_zero() || other.is_zero() {
            let negative = self.is_negative() != other.is_negative();
            return Some(Self { digits: if negative { Digits::NegativeZero } else { Digits::Small(0) }, precision });
        }
        if precision >= COUNTED
            && let (Digits::Small(a), Digits::Small(b)) = (&self.digits, &other.digits)
            && let Some(product) = a.checked_mul(*b).filter(|product| product.unsigned_abs() < 1 << 62)
        {
            return Some(Self { digits: Digits::Small(product), precision });
        }
        let ((a, a_exponent), (b, b_exponent)) = (self.parts(), other.parts());
        Self::rounded(a * b, a_exponent + b_exponent, precision, false)
    }

    /// The quotient; `None` by zero.
    pub(super) fn divide(&self, other: &Self) -> Option<Self> {
        let precision = self.precision_with(other);
        if other.is_zero() {
            return None;
        }
        if self.is_zero() {
            let negative = self.is_negative() != other.is_negative();
            return Some(Self { digits: if negative { Digits::NegativeZero } else { Digits::Small(0) }, precision });
        }
        let ((a, a_exponent), (b, b_exponent)) = (self.parts(), other.parts());
        let negative = a.is_negative() != b.is_negative();
        let quotient = Self::quotient(&a.abs(), &b.abs(), a_exponent - b_exponent, precision)?;
        Some(if negative { quotient.negated() } else { quotient })
    }

    /// What is left after a division towards zero; by zero, the number itself.
    pub(super) fn remainder(&self, other: &Self) -> Option<Self> {
        if other.is_zero() {
            return Some(self.clone());
        }
        let whole = self.divide(other)?.truncated();
        let whole = Self::rounded(whole, 0, self.precision, false)?;
        self.subtract(&Self { precision: self.precision, ..other.multiply(&whole)? })
    }

    /// The whole part.
    pub(super) fn truncated(&self) -> BigInt {
        match &self.digits {
            Digits::Small(value) => BigInt::from(*value),
            Digits::NegativeZero => BigInt::zero(),
            Digits::Large(large) if large.1 >= 0 => &large.0 << large.1.unsigned_abs(),
            Digits::Large(large) => {
                let magnitude = large.0.abs() >> large.1.unsigned_abs();
                if large.0.is_negative() { -magnitude } else { magnitude }
            }
        }
    }

    /// Whether it has no fraction.
    pub(super) fn is_whole(&self) -> bool {
        match &self.digits {
            Digits::Large(large) => large.1 >= 0,
            _ => true,
        }
    }

    /// The next whole number up (`up`) or down.
    pub(super) fn to_whole(&self, up: bool) -> Option<Self> {
        if self.is_whole() {
            let whole = self.truncated();
            return Self::rounded(whole, 0, self.precision, false);
        }
        let mut whole = self.truncated();
        if up && !self.is_negative() {
            whole += 1;
        } else if !up && self.is_negative() {
            whole -= 1;
        }
        Self::rounded(whole, 0, self.precision, false)
    }

    /// As a whole number that fits 64 bits.
    pub(super) fn to_i64(&self) -> Option<i64> {
        match &self.digits {
            Digits::Small(value) => Some(*value),
            Digits::NegativeZero => Some(0),
            Digits::Large(_) if self.is_whole() => self.truncated().to_i64(),
            Digits::Large(_) => None,
        }
    }

    /// As the nearest 64-bit floating point number.
    #[allow(clippy::cast_precision_loss, reason = "rounded to the nearest")]
    pub(super) fn to_f64(&self) -> f64 {
        match &self.digits {
            Digits::Small(value) => *value as f64,
            Digits::NegativeZero => -0.0,
            Digits::Large(_) => self.to_string().parse().unwrap_or(f64::NAN),
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let small = |number: &Self| match number.digits {
            Digits::Small(value) => Some(value),
            Digits::NegativeZero => Some(0),
            Digits::Large(_) => None,
        };
        if let (Some(a), Some(b)) = (small(self), small(other)) {
            return a.cmp(&b);
        }
        let ((a, a_exponent), (b, b_exponent)) = (self.parts(), other.parts());
        let exponent = a_exponent.min(b_exponent);
        (a << (a_exponent - exponent).unsigned_abs()).cmp(&(b << (b_exponent - exponent).unsigned_abs()))
    }
}
