//! What `#[licensed]` may stand on.

use std::ops::ControlFlow;

use proc_macro::{Delimiter, Span, TokenStream, TokenTree};

use crate::error::Error;

const NOT_HERE: &str =
    "`#[licensed]` stands on functions, impl blocks, inline modules and type aliases only";

/// Whether the item is of a kind that `#[licensed]` covers. It has been parsed
/// by the compiler, so that its first keywords say what it is.
pub(crate) fn check(item: &TokenStream) -> Result<(), Error> {
    match keyword(item, &mut None) {
        ControlFlow::Break(found) => found,
        ControlFlow::Continue(()) => Err(Error::new(NOT_HERE, Span::call_site())),
    }
}

/// Looks for the word that decides; `first` is the first token after the
/// attributes.
fn keyword(item: &TokenStream, first: &mut Option<Span>) -> ControlFlow<Result<(), Error>> {
    let mut tokens = item.clone().into_iter();
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Punct(hash) if hash.as_char() == '#' => {
                tokens.next();
                continue;
            }
            // What a `macro_rules!` variable stands for: `$visibility fn …`.
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                keyword(&group.stream(), first)?;
                continue;
            }
            _ => {}
        }
        let first = *first.get_or_insert(token.span());
        let found = match &token {
            TokenTree::Ident(word) => match word.to_string().as_str() {
                "fn" | "impl" | "mod" | "type" => Ok(()),
                "pub" | "const" | "async" | "unsafe" | "extern" => continue,
                _ => Err(Error::between(NOT_HERE, first, token.span())),
            },
            // `pub(…)`, `extern "C"`
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => continue,
            TokenTree::Literal(_) => continue,
            _ => Err(Error::between(NOT_HERE, first, token.span())),
        };
        return ControlFlow::Break(found);
    }
    ControlFlow::Continue(())
}
