//! Whether a number is prime.

use p256::elliptic_curve::bigint::{
    Encoding, U3072, U4096, U8192,
    modular::runtime_mod::{DynResidue, DynResidueParams},
};

/// Fermat's test to the base 3, in as many bits as are needed. (To the base 2
/// every 2^p - 1 would pass.)
macro_rules! passes_fermat {
    ($width:ty, $number:expr) => {
        padded($number).map(|bytes| {
            let number = <$width>::from_be_bytes(bytes);
            let three = DynResidue::new(&<$width>::from_u8(3), DynResidueParams::new(&number));
            three.pow(&number.wrapping_sub(&<$width>::ONE)).retrieve() == <$width>::ONE
        })
    };
}

/// Whether an odd big-endian number of at most 8192 bits is prime, or passes
/// for one. A prime always passes, and a product of two primes that were
/// chosen at random never does.
pub(super) fn is_prime(number: &[u8]) -> bool {
    passes_fermat!(U3072, number)
        .or_else(|| passes_fermat!(U4096, number))
        .or_else(|| passes_fermat!(U8192, number))
        .unwrap_or(false)
}

fn padded<const N: usize>(number: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let start = N.checked_sub(number.len())?;
    bytes.get_mut(start..)?.copy_from_slice(number);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::backend::known_answers;
    use super::*;
    use crate::tests::tokens::decode;

    #[test]
    fn a_prime_is_told_from_a_product() {
        // Of 2^n - 1.
        let mersenne = |bits: usize| {
            let mut number = vec![0xff; bits.div_ceil(8)];
            number[0] >>= number.len() * 8 - bits;
            number
        };
        for (bits, expected) in [(521, true), (523, false), (3217, true), (4423, true)] {
            assert_eq!(is_prime(&mersenne(bits)), expected, "{bits}");
        }
        assert!(!is_prime(&decode(known_answers::RSA_MODULUS)));
    }
}
