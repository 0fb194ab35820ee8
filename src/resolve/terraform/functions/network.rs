//! IP networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};

use crate::resolve::terraform::operate::{Evaluated, Failure};
use crate::resolve::terraform::typed::Typed;

use super::Context;

/// A network: its first address and the length of its prefix.
#[derive(Clone, Copy)]
struct Network {
    first: u128,
    /// 32 or 128.
    bits: u32,
    prefix: u32,
}

impl Network {
    /// Reads `10.0.0.0/8`. Zeros in front of a number of an IPv4 address do not count, so Terraform reads it.
    fn read(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        if prefix.is_empty() || !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let prefix: u32 = prefix.parse().ok()?;
        let plain = || -> String {
            let part = |part: &str| match part.trim_start_matches('0') {
                "" if !part.is_empty() => "0".to_owned(),
                rest => rest.to_owned(),
            };
            address.split('.').map(part).collect::<Vec<_>>().join(".")
        };
        let (address, bits) = match address.parse().or_else(|_| plain().parse()).ok()? {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (u128::from(address), 128),
        };
        if prefix > bits {
            return None;
        }
        let network = Self { first: address, bits, prefix };
        Some(Self { first: address & !network.host_mask(), ..network })
    }

    fn of(cx: &Context<'_, '_>, args: &[Typed]) -> Result<Self, Failure> {
        Self::read(cx.text(args, 0)?).ok_or_else(|| cx.failure("it is not a network"))
    }

    /// The bits that tell hosts apart.
    fn host_mask(self) -> u128 {
        match self.bits - self.prefix {
            0 => 0,
            128 => u128::MAX,
            length => (1 << length) - 1,
        }
    }

    fn address(self, address: u128) -> String {
        if self.bits == 32 {
            Ipv4Addr::from(u32::try_from(address & u128::from(u32::MAX)).unwrap_or(u32::MAX)).to_string()
        } else {
            Ipv6Addr::from(address).to_string()
        }
    }

    fn text(self) -> String {
        format!("{}/{}", self.address(self.first), self.prefix)
    }
}

/// What Terraform makes of an IPv4 address inside of IPv6, or of a negative number of bits, follows no rule that is
/// known here.
fn odd(cx: &Context<'_, '_>) -> Typed {
    Typed::unknown("the network is written in a way that is not evaluated", "pass a plan", cx.span)
}

fn is_mapped(network: Network) -> bool {
    network.bits == 128 && Ipv6Addr::from(network.first).to_ipv4_mapped().is_some()
}

/// A whole number argument of any size.
fn large(cx: &Context<'_, '_>, args: &[Typed], index: usize) -> Result<BigInt, Failure> {
    let number = cx.number(args, index)?;
    if number.is_whole() { Ok(number.truncated()) } else { Err(cx.failure("a whole number is needed here")) }
}

pub(super) fn cidrhost(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let number = large(cx, args, 1)?;
    let network = Network::of(cx, args)?;
    if is_mapped(network) {
        return Ok(odd(cx));
    }
    let hosts: BigInt = BigInt::from(network.host_mask()) + 1;
    // A negative number counts from the end.
    let index = if number.is_negative() { &hosts + &number } else { number };
    let index = Some(index).filter(|index| !index.is_negative() && *index < hosts);
    let index = index.and_then(|index| index.to_u128());
    let index = index.ok_or_else(|| cx.failure("the network has no such host"))?;
    cx.text_of(network.address(network.first | index))
}

pub(super) fn cidrnetmask(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let network = Network::of(cx, args)?;
    if network.bits == 128 {
        return Err(cx.failure("an IPv6 network has no mask"));
    }
    cx.text_of(network.address(!network.host_mask()))
}

pub(super) fn cidrsubnet(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let (more, number) = (cx.whole(args, 1)?, large(cx, args, 2)?);
    let network = Network::of(cx, args)?;
    if is_mapped(network) || more < 0 || number.is_negative() {
        return Ok(odd(cx));
    }
    let prefix = i64::from(network.prefix).saturating_add(more);
    let prefix = u32::try_from(prefix).ok().filter(|prefix| *prefix <= network.bits);
    let prefix = prefix.ok_or_else(|| cx.failure("the network has not so many bits"))?;
    let count = BigInt::from(1u8) << u64::from(prefix - network.prefix);
    let number = Some(number).filter(|number| *number < count);
    let number = number.and_then(|number| number.to_u128());
    let number = number.ok_or_else(|| cx.failure("there is no such subnet"))?;
    let shift = network.bits - prefix;
    let first = network.first | if shift >= 128 { 0 } else { number << shift };
    cx.text_of(Network { first, prefix, ..network }.text())
}

/// Subnets one after the other.
pub(super) fn cidrsubnets(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let network = Network::of(cx, args)?;
    if is_mapped(network) {
        return Ok(odd(cx));
    }
    let end = BigInt::from(network.first) + network.host_mask() + 1;
    let mut next = BigInt::from(network.first);
    let mut made = Vec::new();
    for index in 1..args.len() {
        let more = u32::try_from(cx.whole(args, index)?).ok().filter(|more| (1..=32).contains(more));
        let prefix = more.map(|more| network.prefix + more).filter(|prefix| *prefix <= network.bits);
        let prefix = prefix.ok_or_else(|| cx.failure("the network has not so many bits"))?;
        let size = BigInt::from(1u8) << u64::from(network.bits - prefix);
        // The next address at which a network of this size may begin.
        let first = (&next + &size - 1u8) / &size * &size;
        next = &first + &size;
        let first = Some(first).filter(|_| next <= end).and_then(|first| first.to_u128());
        let first = first.ok_or_else(|| cx.failure("there is no room for all subnets"))?;
        made.push(Network { first, prefix, ..network }.text());
    }
    cx.texts_of(made)
}
