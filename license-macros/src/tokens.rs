//! Tokens, to read, to write and to recognize.

use std::iter::Peekable;

use proc_macro::{Punct, Spacing, Span, TokenTree, token_stream};

/// A stream of which the next one can be looked at.
pub(crate) type Tokens = Peekable<token_stream::IntoIter>;

/// `::`
pub(crate) fn path_separator(span: Span) -> [TokenTree; 2] {
    [punct(':', Spacing::Joint, span), punct(':', Spacing::Alone, span)]
}

pub(crate) fn punct(character: char, spacing: Spacing, span: Span) -> TokenTree {
    let mut punct = Punct::new(character, spacing);
    punct.set_span(span);
    TokenTree::Punct(punct)
}

pub(crate) fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}
