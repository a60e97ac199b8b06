//! One compile error, at a place in the user's code.

use proc_macro::{Delimiter, Group, Ident, Literal, Spacing, Span, TokenStream, TokenTree};

use crate::tokens::{path_separator, punct};

/// A message and the tokens it points at.
#[derive(Clone, Copy)]
pub(crate) struct Error {
    message: &'static str,
    first: Span,
    last: Span,
}

impl Error {
    pub(crate) fn new(message: &'static str, at: Span) -> Self {
        Self::between(message, at, at)
    }

    /// Points at all from the first token to the last.
    pub(crate) fn between(message: &'static str, first: Span, last: Span) -> Self {
        Self { message, first, last }
    }

    /// The first token that it points at.
    pub(crate) fn span(self) -> Span {
        self.first
    }

    /// `::core::compile_error! { "…" }`, for the place of an item or an expression.
    pub(crate) fn into_tokens(self) -> TokenStream {
        let mut message = Literal::string(self.message);
        message.set_span(self.last);
        let message = TokenStream::from(TokenTree::Literal(message));
        let mut body = Group::new(Delimiter::Brace, message);
        body.set_span(self.last);

        let mut tokens = TokenStream::new();
        for name in ["core", "compile_error"] {
            tokens.extend(path_separator(self.first));
            tokens.extend([TokenTree::Ident(Ident::new(name, self.first))]);
        }
        tokens.extend([punct('!', Spacing::Alone, self.last), TokenTree::Group(body)]);
        tokens
    }
}
