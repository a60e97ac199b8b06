//! Text as people have it: bytes that came through a mail, a clipboard, a
//! shell or an editor.
//!
//! [`text`] reads what cannot change the meaning: a byte order mark, and
//! UTF-16 of ASCII, which PowerShell's `>` writes. What is not what it should
//! be then gets a name by [`Damage::of`], so that a message can say "in
//! quotes", "a key, not a license" or "base64 of a license: decode it once" in
//! place of "malformed". Nothing of the text is ever part of such a name.
//!
//! ```
//! use license_core::received::{self, Damage, Wanted};
//!
//! let utf16: Vec<u8> = "\u{feff}key".encode_utf16().flat_map(u16::to_le_bytes).collect();
//! assert_eq!(received::text(&utf16).unwrap(), "key");
//!
//! let damage = Damage::of("-----BEGIN PUBLIC KEY-----", Wanted::License).unwrap();
//! assert_eq!(damage.to_string(), "a key, not a license");
//! ```

mod base64;
mod damage;
mod encoding;
mod pem;

pub(crate) use self::{
    base64::{Encoded, encoded},
    damage::Found,
    encoding::read_over,
    pem::pem,
};
pub use self::{
    damage::{Damage, Wanted},
    encoding::{NotText, text, utf16},
};
