//! A secret that a client has to know.

use std::fmt;

use sha2::{Digest, Sha256};

/// A secret, of which only the digest is kept. Comparing digests tells
/// nothing of how much was right.
#[derive(Clone, Copy)]
pub struct Secret([u8; 32]);

impl Secret {
    /// The secret of this text.
    pub fn new(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// Whether this text is the secret.
    pub fn is(&self, text: &str) -> bool {
        self.0 == Self::new(text).0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
