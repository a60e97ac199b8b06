//! The literal in `RequireFeature<"…">`, replaced by the type that stands for it.

use proc_macro::{Group, TokenStream, TokenTree};

use crate::{
    literal::{self, is_literal},
    path::Path,
    tokens::is_punct,
};

const EXTRACTOR: &str = "RequireFeature";

/// The item with every literal in `RequireFeature<…>` replaced by the type of
/// that name; `None` when there is nothing to replace.
pub(crate) fn item(item: TokenStream, path: &Path) -> Option<TokenStream> {
    let tokens: Vec<TokenTree> = item.into_iter().collect();
    let mut output = TokenStream::new();
    let mut replaced = false;
    for (at, token) in tokens.iter().enumerate() {
        let new = match token {
            _ if is_literal(token) && opens(&tokens[..at]) && closes(&tokens[at + 1..]) => {
                Some(argument(token, path))
            }
            // A group made anew has one span for both of its ends, so the others stay
            // as they are.
            TokenTree::Group(group) => self::item(group.stream(), path)
                .map(|stream| TokenTree::Group(with_stream(group, stream)).into()),
            _ => None,
        };
        replaced |= new.is_some();
        output.extend(new.unwrap_or_else(|| token.clone().into()));
    }
    replaced.then_some(output)
}

fn argument(token: &TokenTree, path: &Path) -> TokenStream {
    match literal::name(token) {
        Ok(name) => path.name_type(&name),
        Err(error) => path.error_type(error),
    }
}

/// Whether the tokens end in `RequireFeature<` or `RequireFeature::<`.
fn opens(before: &[TokenTree]) -> bool {
    let [before @ .., less] = before else {
        return false;
    };
    let extractor = match before {
        [.., name, first, second] if is_punct(first, ':') && is_punct(second, ':') => name,
        [.., name] => name,
        [] => return false,
    };
    is_punct(less, '<')
        && matches!(extractor, TokenTree::Ident(ident) if ident.to_string() == EXTRACTOR)
}

/// Whether the tokens begin with `>` or `,>`.
fn closes(after: &[TokenTree]) -> bool {
    match after {
        [comma, greater, ..] if is_punct(comma, ',') => is_punct(greater, '>'),
        [greater, ..] => is_punct(greater, '>'),
        [] => false,
    }
}

fn with_stream(group: &Group, stream: TokenStream) -> Group {
    let mut new = Group::new(group.delimiter(), stream);
    new.set_span(group.span());
    new
}
